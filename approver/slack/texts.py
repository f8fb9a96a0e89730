"""Texts for Slack. What hosts, alerts, models and people say is shown, and means nothing: law 10.

In blocks, such text goes into `plain_text` and `rich_text` elements, which hold no markup. A message's `text`, which
phones show as a notification, is parsed by Slack, so there everything that could mean something is broken up.
"""

from __future__ import annotations

import re
from typing import Any

Block = dict[str, Any]

TEXT, HEADER, BUTTON, OPTION, TITLE, VALUE = 3000, 150, 75, 75, 24, 2000
"""Slack's limits, in characters: a text, a header, a button, an option, a modal's title, a button's value."""
_REFERENCE = re.compile(r"(?i)<(?=[!@#]|(?:https?|mailto|tel|slack):)")
_LINK = re.compile(r"(?i):(?=//)|(?<=mailto):")
_EMOJI = re.compile(r":(?=[\w+\-']+:)")
_MARK = re.compile(r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def clip(text: str, longest: int) -> str:
    """*text* in at most *longest* characters, with an ellipsis for what is left out."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def one_line(text: object) -> str:
    """*text* as one line of printable characters: what moves, hides or reorders goes."""
    return " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())


def inert(text: str) -> str:
    """*text* without anything that a client could take for a mention or a link: `<!x` as `< !x`, `a://b` as `a[:]//b`.

    The second is how people write addresses that must not be followed.
    """
    return _REFERENCE.sub("< ", _LINK.sub("[:]", text))


def said(text: object, longest: int = TEXT) -> str:
    """What somebody else says, as one inert, bounded line; never empty, which Slack refuses."""
    return clip(inert(one_line(text)), longest) or "-"


def said_lines(text: str, longest: int = TEXT) -> str:
    """The same for text of several lines, whose indentation counts."""
    lines = ("".join(one if one.isprintable() else " " for one in line.expandtabs(4)) for line in text.splitlines())
    return clip(inert("\n".join(line.rstrip() for line in lines)), longest) or "-"


def notice(text: object, longest: int = 300) -> str:
    """A message's `text`: Slack parses it, so nothing is left in it that it could find."""
    words = _EMOJI.sub(": ", inert(one_line(text)).replace("@", "(at)"))
    words = clip(" ".join(_MARK.sub(" ", words).split()), longest) or "-"
    return "".join(_ESCAPES.get(one, one) for one in words)


def plain(text: object, longest: int = TEXT) -> Block:
    """A `plain_text` object; emoji stay the letters that they are."""
    return {"type": "plain_text", "text": said(text, longest), "emoji": False}


def run_of(text: object, *, bold: bool = False, longest: int = TEXT) -> Block:
    """A piece of text in a `rich_text` block."""
    piece: Block = {"type": "text", "text": said(text, longest)}
    return piece | {"style": {"bold": True}} if bold else piece


def glue(text: str, *, bold: bool = False) -> Block:
    """A piece of our own words, with its spaces and line breaks as they are."""
    piece: Block = {"type": "text", "text": text}
    return piece | {"style": {"bold": True}} if bold else piece


def link(url: str, words: str) -> Block:
    """A link of our own, in a `rich_text` block. *url* is never what somebody else says."""
    return {"type": "link", "url": url, "text": words}


def moment(at: Any, form: str = "{time}") -> Block:
    """A point in time, which Slack shows on the reader's clock."""
    return {"type": "date", "timestamp": int(at.timestamp()), "format": form, "fallback": f"{at:%Y-%m-%d %H:%M} UTC"}


def section(*pieces: Block) -> Block:
    """A paragraph of a `rich_text` block."""
    return {"type": "rich_text_section", "elements": list(pieces)}


def verbatim(text: str) -> Block:
    """Lines in a fixed width, for a `rich_text` block."""
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": said_lines(text)}]}


def rich(*elements: Block) -> Block:
    """A `rich_text` block."""
    return {"type": "rich_text", "elements": list(elements)}


def header(text: object) -> Block:
    """A headline."""
    return {"type": "header", "text": plain(text, HEADER)}
