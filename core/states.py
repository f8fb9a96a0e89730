"""The life of an incident: the only place that knows which state may follow which."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an incident stands. See `docs/architecture.md` for the picture."""

    OPEN = "open"
    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    RUNNING = "running"
    VERIFYING = "verifying"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CLOSED = "closed"

    @property
    def terminal(self) -> bool:
        """True if nothing can follow."""
        return not TRANSITIONS[self]

    @property
    def waiting(self) -> bool:
        """True if the incident may end by itself because its symptom cleared: nothing runs on its account."""
        return State.RESOLVED in TRANSITIONS[self] and self is not State.VERIFYING


_ENDS = frozenset({State.SUPPRESSED, State.RESOLVED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPEN: _ENDS | {State.PLANNED, State.ESCALATED},
    State.PLANNED: _ENDS | {State.AWAITING_APPROVAL, State.APPROVED, State.ESCALATED, State.REJECTED, State.PLANNED},
    State.AWAITING_APPROVAL: _ENDS | {State.APPROVED, State.REJECTED, State.EXPIRED, State.ESCALATED, State.PLANNED},
    State.APPROVED: _ENDS
    | {State.RUNNING, State.PLANNED, State.AWAITING_APPROVAL, State.ESCALATED, State.EXPIRED, State.REJECTED},
    State.RUNNING: frozenset({State.VERIFYING}),
    State.VERIFYING: frozenset({State.RESOLVED, State.PLANNED, State.APPROVED, State.ESCALATED}),
    State.ESCALATED: frozenset({State.RESOLVED, State.CLOSED}),
    State.RESOLVED: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.CLOSED: frozenset(),
}

FIRST = State.OPEN
LIVE = frozenset(state for state in State if not state.terminal)
WAITING = frozenset(state for state in State if state.waiting)
MUTING = frozenset({State.REJECTED, State.EXPIRED, State.SUPPRESSED})
"""Ends after which the same fingerprint stays quiet until it clears, or some time has passed: once more
`policy.approve.expires`, or what is left of the silence or maintenance that suppressed it."""


def may_follow(before: State, after: State) -> bool:
    """True if *after* is a legal next state."""
    return after in TRANSITIONS[before]
