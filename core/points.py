"""The points of the loop: every place that writes has a name, so that a test can kill the process just there.

In production nobody listens. The crash tests do (`tests/crash/`): they find the points here, kill a process before and
after the commit of each, and follow the incidents to their end. A write without a point, and a point that no scenario
of theirs comes by, fails a test.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Point(StrEnum):
    """One place in the code that writes, as `<file>.<what it does>`."""

    LEASES_TAKE = "leases.take"
    LEASES_RENEW = "leases.renew"
    LEASES_RELEASE = "leases.release"
    LEASES_VOID = "leases.void"
    TICKS_CLAIM = "ticks.claim"
    INTAKE_ACCEPT = "intake.accept"
    INTAKE_REQUEST = "intake.request"
    DELIVERIES_TAKE = "deliveries.take"
    SOURCES_REFUSE = "sources.refuse"
    OUTSIDE_LOOK = "outside.look"
    SILENCING_MAKE = "silencing.make"
    SILENCING_END = "silencing.end"
    SCHEDULES_TICK = "schedules.tick"
    SWEEPS_JUDGE = "sweeps.judge"
    ENGINE_LATER = "engine.later"
    ENGINE_GIVE_UP = "engine.give_up"
    PLANNING_OBSERVE = "planning.observe"
    PLANNING_WAIT = "planning.wait"
    PLANNING_PLAN = "planning.plan"
    APPROVING_RULE = "approving.rule"
    WAITING_LATER = "waiting.later"
    WAITING_REMIND = "waiting.remind"
    WAITING_EXPIRE = "waiting.expire"
    RUNNING_ALREADY_CLEAR = "running.already_clear"
    RUNNING_WAIT = "running.wait"
    RUNNING_ASK_ANEW = "running.ask_anew"
    RUNNING_VOID = "running.void"
    RUNNING_ASK_PERSON = "running.ask_person"
    RUNNING_BEGIN = "running.begin"
    RUNNING_REFUSED = "running.refused"
    RUNNING_END = "running.end"
    RUNS_FOLLOW = "runs.follow"
    RUNS_RECORD = "runs.record"
    SETTLING_SETTLE = "settling.settle"
    STORMING_NEXT_WAVE = "storming.next_wave"
    VERIFYING_LOOK = "verifying.look"
    VERIFYING_CLOSE = "verifying.close"
    VERIFYING_CLOSE_REQUEST = "verifying.close_request"
    DECISIONS_APPROVE = "decisions.approve"
    DECISIONS_REJECT = "decisions.reject"
    DECISIONS_CHANGE = "decisions.change"
    DECISIONS_SNOOZE = "decisions.snooze"
    DECISIONS_ESCALATE = "decisions.escalate"
    DESK_CLOSE = "desk.close"
    DESK_CANCEL = "desk.cancel"
    PAUSES_PAUSE = "pauses.pause"
    PAUSES_RESUME = "pauses.resume"
    RETENTION_CLAIMS = "retention.claims"
    RETENTION_CUT = "retention.cut"
    RETENTION_PRUNE = "retention.prune"
    COUNTERS_ADD = "counters.add"
    AGENTS_PUT = "agents.put"
    AGENTS_LEAVE = "agents.leave"
    BACKPRESSURE_LEAVE_OUT = "backpressure.leave_out"
    TOKENS_MAKE = "tokens.make"
    TOKENS_REVOKE = "tokens.revoke"
    MESSAGES_OPEN = "messages.open"
    MESSAGES_SAVE = "messages.save"
    MESSAGES_NOTE = "messages.note"
    CALLBACKS_ACCEPT = "callbacks.accept"
    CALLBACKS_TAKE = "callbacks.take"
    CALLBACKS_DONE = "callbacks.done"
    ANSWERS_REFUSED = "answers.refused"
    PEOPLE_ADD = "people.add"
    PEOPLE_SWITCH = "people.switch"
    PEOPLE_GRANT = "people.grant"
    PEOPLE_REVOKE = "people.revoke"
    PEOPLE_LINK = "people.link"
    PEOPLE_UNLINK = "people.unlink"
    PEOPLE_BIND = "people.bind"
    PASSWORDS_SET = "passwords.set"
    SESSIONS_OPEN = "sessions.open"
    SESSIONS_SEE = "sessions.see"
    SESSIONS_END = "sessions.end"
    ATTEMPTS_TAKE = "attempts.take"
    ATTEMPTS_FORGET = "attempts.forget"
    REFUSALS_TELL = "refusals.tell"


class Witness(Protocol):
    """Is told of every named write, in the thread that does it."""

    def before(self, point: Point) -> None:
        """All of the transaction is written, and nothing of it is committed."""
        ...

    def after(self, point: Point) -> None:
        """The transaction is committed, and nothing came after it."""
        ...


class NoWitness:
    """Nobody listens: how it is in production."""

    def before(self, point: Point) -> None:
        """Do nothing."""

    def after(self, point: Point) -> None:
        """Do nothing."""
