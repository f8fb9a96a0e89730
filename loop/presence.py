"""Signs of life: each step of the loop is an agent to its users, and says where it is and what it does."""

from __future__ import annotations

import logging
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from core.agents import Activity, Agent, Beat, Role
from core.clock import Clock
from core.errors import Conflict, LeaseLost, Retryable
from core.states import State
from store.store import Store

log = logging.getLogger(__name__)

ROLES: dict[State, Role] = {
    State.OPEN: Role.PLANNER,
    State.PLANNED: Role.APPROVER,
    State.AWAITING_APPROVAL: Role.APPROVER,
    State.APPROVED: Role.RUNNER,
    State.RUNNING: Role.RUNNER,
    State.VERIFYING: Role.VERIFIER,
}
"""Whose turn it is in a state. The monitor is woken by sweeps, and knowledge comes with the verdict."""

_BEAT_SECONDS = 1.0
_LONGEST_ERROR = 300


class Presence:
    """This process's agents. Within `with` they give a sign of life.

    They do so every second in which something changed, and at least three times within the time of a lease.
    """

    def __init__(self, store: Store, clock: Clock, worker: str, lease: timedelta) -> None:
        self._store, self._clock, self._worker, self._lease = store, clock, worker, lease
        self._since = clock.now()
        self._lock = threading.Lock()
        self._doing: dict[Role, list[str]] = {role: [] for role in Role}
        self._errors: dict[Role, tuple[str, datetime]] = {}
        self._changed, self._beat_at = True, self._since
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="presence", daemon=True)

    @contextmanager
    def at(self, role: Role, what: str) -> Iterator[None]:
        """Say that *role* is at work on *what* meanwhile. What goes wrong becomes its last error, and is passed on."""
        self._note(role, begun=what)
        try:
            yield
        except (Conflict, LeaseLost):
            raise
        except Exception as error:
            with self._lock:
                words = " ".join(f"{what}: {error or type(error).__name__}".split())
                self._errors[role] = (words[:_LONGEST_ERROR], self._clock.now())
            raise
        finally:
            self._note(role, ended=what)

    def beat(self) -> bool:
        """Give a sign if it is time for one. Raises Retryable."""
        now = self._clock.now()
        with self._lock:
            if not self._changed and now - self._beat_at < self._lease / 3:
                return False
            self._changed, self._beat_at = False, now
            steps = {role: self._activity(role) for role in Role}
        beat = Beat(
            worker=self._worker,
            machine=platform.node(),
            pid=os.getpid(),
            since=self._since,
            beat_at=now,
            good_until=now + self._lease,
            steps=steps,
        )
        self._store.agents.put(beat)
        return True

    def everybody(self) -> list[Agent]:
        """The agents of every process, by role."""
        now, queues, beats = self._clock.now(), self._queues(), self._store.agents.all()
        return [
            Agent(
                **step.model_dump(),
                **beat.model_dump(include={"worker", "machine", "pid", "since", "beat_at"}),
                role=role,
                alive=beat.good_until > now,
                queue=queues[role],
            )
            for role in Role
            for beat in beats
            if (step := beat.steps.get(role)) is not None
        ]

    def _queues(self) -> dict[Role, int]:
        queues = dict.fromkeys(Role, 0)
        for state, number in self._store.incidents.due_by_state(self._clock.now()).items():
            if state in ROLES:
                queues[ROLES[state]] += number
        return queues

    def _activity(self, role: Role) -> Activity:
        words, at = self._errors.get(role, (None, None))
        return Activity(doing=tuple(self._doing[role]), last_error=words, last_error_at=at)

    def _note(self, role: Role, *, begun: str | None = None, ended: str | None = None) -> None:
        with self._lock:
            if begun is not None:
                self._doing[role].append(begun)
            if ended is not None:
                self._doing[role].remove(ended)
            self._changed = True

    def _beat_on(self) -> None:
        while True:
            try:
                self.beat()
            except Retryable as error:
                log.warning("no sign of life could be given: %s", error)
            if self._done.wait(min(_BEAT_SECONDS, self._lease.total_seconds() / 3)):
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        try:
            self._store.agents.leave(self._worker)
        except Retryable as problem:
            log.warning("this process is shown as dead for a while: %s", problem)
