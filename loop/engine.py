"""Moves incidents on: takes the lease, does the step that the state calls for, and goes on while something is due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from core.errors import Conflict, FleetmendError, LeaseLost, Retryable, passing
from core.ids import new_id
from core.points import Point
from core.states import State, may_follow
from loop.context import Context
from loop.keeper import LeaseKeeper
from loop.presence import ROLES
from loop.sight import Sight
from loop.steps import approving, planning, running, settling, verifying, waiting
from loop.work import Work

log = logging.getLogger(__name__)

STEPS: dict[State, Callable[[Work], None]] = {
    State.OPEN: planning.plan,
    State.PLANNED: approving.judge,
    State.AWAITING_APPROVAL: waiting.wait,
    State.APPROVED: running.run,
    State.RUNNING: settling.settle,
    State.VERIFYING: verifying.look,
}
"""Whoever finds an incident `running` without a lease on it has found a dead worker's run: it is settled."""

_RETRY = timedelta(seconds=5)
_TRIES = 70
"""More than the threads that may be after the same incidents in one process; the rest is rung for again."""


class Engine:
    """Advances one incident at a time; several threads may share it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def advance_next(self) -> str | None:
        """Advance the most important incident that is due and that nobody has. Returns its id, or None.

        A ring means only that there is something: which, is asked here, so that a critical incident never waits
        behind those that were rung for before it.
        """
        due = self._context.store.incidents.due(self._context.clock.now(), limit=_TRIES)
        return next((incident_id for incident_id in due if self.advance(incident_id)), None)

    def advance(self, incident_id: str) -> bool:
        """Do all that is due for the incident now. False, at once, if nothing is, or another worker has it."""
        context = self._context
        if not context.store.incidents.is_due(incident_id, context.clock.now()):
            return False
        # The holder names this very call: two calls in one process must not share a lease.
        holder = f"{context.worker}/{new_id('call')}"
        lease = context.store.leases.take_now(f"incident:{incident_id}", holder, context.settings.lease)
        if lease is None:
            return False
        with LeaseKeeper(context.store.leases, lease, context.settings.lease) as keeper:
            sight = Sight(context)
            while not context.stopping.is_set() and self._one_step(incident_id, keeper, sight):
                pass
        return True

    def _one_step(self, incident_id: str, keeper: LeaseKeeper, sight: Sight) -> bool:
        """Do one step; False when nothing is due any more."""
        work = Work(self._context, self._context.store.incidents.get(incident_id), keeper, sight)
        step, due_at = STEPS.get(work.incident.state), work.incident.due_at
        if step is None or due_at is None or due_at > work.now:
            return False
        try:
            with self._context.presence.at(ROLES[work.incident.state], f"{incident_id} {work.incident.title}"):
                step(work)
        except LeaseLost:
            log.warning("%s: another worker took over", incident_id)
            return False
        except Conflict as error:
            return self._look_again(work, str(error))
        except FleetmendError as error:
            later = isinstance(error, Retryable) or passing(error)
            return self._recover(self._later if later else self._give_up, work, str(error))
        except Exception as error:  # noqa: BLE001 - the border of a step
            how, words = self._fault(work, error)
            return self._recover(how, work, words)
        return True

    def _fault(self, work: Work, error: Exception) -> tuple[Callable[[Work, str], None], str]:
        """What to do about an error that nobody foresaw, and in which words."""
        if passing(error):
            # Somebody else took the last of it on this machine: nothing is wrong with the incident.
            log.error("%s: the step for %s is put off: %r", work.incident.id, work.incident.state, error)
            return self._later, f"the machine has no room, and it is tried again: {error or type(error).__name__}"
        # A fault of ours goes to people, and never round in circles.
        log.error("%s: the step for %s failed", work.incident.id, work.incident.state, exc_info=error)
        return self._give_up, f"internal error ({type(error).__name__}) while {work.incident.state}; see the log"

    def _look_again(self, work: Work, why: str) -> bool:
        """Somebody else moved the incident. If nobody did, it would end the same way again and again: give up."""
        log.info("%s: %s", work.incident.id, why)
        if self._context.store.incidents.get(work.incident.id).version != work.incident.version:
            return True
        return self._recover(self._give_up, work, why)

    def _recover(self, how: Callable[[Work, str], None], work: Work, reason: str) -> bool:
        """Write down why the step came to nothing; if that is too late, another worker or the reconciler goes on."""
        try:
            how(work, reason)
        except (LeaseLost, Conflict, Retryable) as error:
            log.warning("%s: %s (%s)", work.incident.id, reason, error)
            return False
        return True

    def _later(self, work: Work, reason: str) -> None:
        with self._context.store.write(Point.ENGINE_LATER) as tx:
            work.postpone(tx, work.now + _RETRY, reason)

    def _give_up(self, work: Work, reason: str) -> None:
        """Hand the incident to people; where the state table has no way there, look again later."""
        work = Work(self._context, self._context.store.incidents.get(work.incident.id), work.keeper, work.sight)
        if may_follow(work.incident.state, State.ESCALATED):
            with self._context.store.write(Point.ENGINE_GIVE_UP) as tx:
                work.move(tx, State.ESCALATED, reason)
        elif not work.incident.state.terminal:
            self._later(work, reason)
