"""The playbook of a remedy: its plays, and how they name roles."""

from __future__ import annotations

from typing import Any

from catalog.allowlist.content import Place
from catalog.allowlist.document import Block, Items
from catalog.allowlist.keywords import INSTEAD, PLAY, ROLE_ENTRY, STRATEGIES, TASK_LISTS
from catalog.allowlist.tasks import check_keywords, check_tasks

_READ_ELSEWHERE = frozenset({*TASK_LISTS, "roles"})


def check_plays(place: Place, plays: Any) -> None:
    """Check *plays*, the content of a playbook."""
    if not isinstance(plays, Items):
        place.refuse("a playbook is a list of plays", 1)
        return
    for play, line in zip(plays, plays.lines, strict=True):
        if isinstance(play, Block):
            _check_play(place, play)
        else:
            place.refuse("a play is a mapping", line)


def _check_play(place: Place, play: Block) -> None:
    rest = Block(play.line)
    for key, value in play.items():
        line = play.lines[key]
        if key.rpartition(".")[2] == "import_playbook":
            place.refuse(INSTEAD["import_playbook"], line, key)
        elif key in TASK_LISTS:
            check_tasks(place, value, line)
        elif key == "roles":
            check_role_entries(place, value, line)
        elif key not in _READ_ELSEWHERE:
            rest[key], rest.lines[key] = value, line
    check_keywords(place, rest, PLAY)
    if "strategy" in play and play["strategy"] not in STRATEGIES:
        place.refuse(f"write one of {', '.join(sorted(STRATEGIES))}", play.lines["strategy"], "strategy")


def check_role_entries(place: Place, entries: Any, line: int) -> None:
    """Check *entries*: `roles` of a play or `dependencies` of a role."""
    if entries is None:
        return
    if not isinstance(entries, Items):
        place.refuse("a list of roles is expected here", line)
        return
    for entry, at in zip(entries, entries.lines, strict=True):
        name = entry
        if isinstance(entry, Block):
            if "role" in entry and "name" in entry:
                place.refuse("a role has one name; write role", at, "name")
            name = entry.get("role", entry.get("name"))
            for key in entry.keys() - ROLE_ENTRY:
                place.refuse("not admitted here; what the role is given stands under vars", entry.lines[key], key)
            known = Block(entry.line)
            for key in entry.keys() & ROLE_ENTRY - {"role", "name"}:
                known[key], known.lines[key] = entry[key], entry.lines[key]
            check_keywords(place, known, ROLE_ENTRY)
        if not isinstance(name, str) or name not in place.remedy.roles:
            place.refuse(f"{name!r} is no role that the digest covers; name one in roles/ literally", at)
