"""Replies in an incident's thread: the step-by-step account, and the reminder that the channel sees, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from approver.account import VERDICT, names, told
from approver.slack.head import headline
from approver.slack.texts import Block, glue, link, moment, rich, run_of, section
from core.journal import Entry
from core.messages import Story
from core.states import State

_MOST = 25
"""Lines in one reply."""


def account(entries: Sequence[Entry], whole: str | None) -> tuple[str, list[Block]] | None:
    """The *entries* as one reply: its notification and its blocks; None if there is nothing to say.

    Of very many, the newest are told; *whole* is where all can be read.
    """
    lines = list(_lines(entries))
    if not lines:
        return None
    left_out, shown = len(lines) - _MOST, lines[-_MOST:]
    elements = []
    if left_out > 0:
        where = [glue(", see "), link(whole, "all of it")] if whole else []
        elements.append(section(glue(f"({left_out} earlier steps are left out"), *where, glue(")")))
    for entry, words in shown:
        elements.append(section(moment(entry.at, "{time_secs}"), glue("  "), run_of(words, longest=300)))
    return shown[-1][1], [rich(*elements)]


def _lines(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    """The *entries* that say something, each reason but once: a failed run's goes through its verdict to the end."""
    before, reason = None, ""
    for entry in entries:
        words = told(entry)
        if words is not None and not (before == VERDICT and entry.body.get("to") == State.RESOLVED):
            why = str(entry.body.get("reason") or entry.body.get("problem") or "")
            yield entry, words.removesuffix(names(reason)).rstrip(" .:") if why and why == reason else words
            reason = why or reason
        before = entry.kind


def reminder(story: Story) -> tuple[str, list[Block]]:
    """Nobody answered yet."""
    words = f"Still waits for an answer: {headline(story)}"
    pieces = [run_of(words, bold=True)]
    if story.ask is not None:
        pieces += [glue("\nUntil "), moment(story.ask.expires_at), glue(". Decide above, in the first message.")]
    return words, [rich(section(*pieces))]
