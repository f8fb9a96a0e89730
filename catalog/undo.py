"""What a card's `undo` has to be: a remedy of the catalog whose required parameters the other one has, too."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.cards import CARD_SUFFIX
from core.errors import BadInput
from core.remedies import Remedy


def without_unfit_undo(remedies: dict[str, Remedy]) -> list[BadInput]:
    """Take out remedies whose undo is not there or can't be filled in, until none is left, and return why."""
    problems = []
    while broken := [(remedy, why) for remedy in remedies.values() if (why := _unfit(remedy, remedies)) is not None]:
        for remedy, why in broken:
            del remedies[remedy.id]
            card = remedy.root / "playbooks" / f"{remedy.id}{CARD_SUFFIX}"
            problems.append(BadInput(why, file=card, key="undo"))
    return problems


def _unfit(remedy: Remedy, remedies: Mapping[str, Remedy]) -> str | None:
    """Say in words why the undo of *remedy* can't be one, or None."""
    if remedy.undo is None:
        return None
    undo = remedies.get(remedy.undo)
    if undo is None:
        return f"unknown remedy {remedy.undo!r}; allowed here: {', '.join(sorted(remedies)) or 'none'}"
    for needed in undo.parameters:
        own = remedy.parameter(needed.name)
        if needed.required and own is None:
            return f"{undo.id} needs the parameter {needed.name}, which {remedy.id} does not have"
        if own is not None and own.type is not needed.type:
            return f"{needed.name} is of type {own.type} here, and of type {needed.type} in {undo.id}"
    return None
