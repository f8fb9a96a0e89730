"""One scenario, played from the break to the last comparison. Whatever does not hold ends it, with the reason."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from core.errors import FleetmendError
from core.incidents import Incident
from core.outcomes import Verdict
from core.plans import Plan, step_title
from core.proofs import Trial
from core.runs import RunStatus
from core.states import State
from lab.proving.bench import Bench
from lab.proving.collateral import Declared, Difference, Snapshot, done_by_the_remedy, left_at_the_end
from lab.proving.driver import ASKER, Driver, Failed
from lab.proving.place import FLEET
from lab.proving.scenario import Check, Scenario

Say = Callable[[str], None]
_WELL_SECONDS = 120.0
_SEEN_SECONDS = 60.0
_SETTLE_SECONDS = 30.0
"""What a host may take to come to rest (a unit that still starts) before a difference counts."""
_MOST_TOLD = 6


class _Done(NamedTuple):
    """What the loop did about it."""

    incident: Incident
    plan: Plan
    broken: Snapshot


class Play:
    """Plays *scenario* on *bench* through *driver*'s loop; *undo* is what the remedy's card names."""

    def __init__(self, scenario: Scenario, bench: Bench, driver: Driver, *, undo: str | None, say: Say) -> None:
        self._scenario, self._bench, self._driver, self._undo, self._say = scenario, bench, driver, undo, say
        self.seconds: dict[str, float] = {}
        """How long each phase took so far."""

    def play(self) -> Trial:
        """Return what was shown. Raises Failed, or whatever FleetmendError the lab or the loop ended with.

        The fault is off again afterwards, however it ended; if it can't be mended, the error says that, too.
        """
        with self._phase("well", "looking whether everything is well"):
            self._well("before anything is broken")
            start = self._bench.snapshot()
        try:
            shown = self._show(start)
        except BaseException as error:
            self._mend_after(error)
            raise
        with self._phase("mend", "mending what is left, and comparing all hosts"):
            self._mend()
            self._well("after all was mended")
            self._compare(lambda now: left_at_the_end(start, now, self._declared, self._scenario.host))
        return shown.evolve(seconds={name: round(seconds, 2) for name, seconds in self.seconds.items()})

    def _show(self, start: Snapshot) -> Trial:
        scenario = self._scenario
        done = self._heal()
        with self._phase("observe", "asking from outside, and comparing all hosts"):
            self._all_hold(scenario.healed, "it is not healed, as seen from outside")
            self._compare(lambda now: done_by_the_remedy(start, done.broken, now, self._declared))
        return Trial(
            name=scenario.name,
            title=scenario.title,
            host=scenario.host,
            fault=scenario.fault,
            plan=step_title(done.plan.steps[0]),
            again=self._again(done),
            undo=self._take_back(done),
        )

    def _heal(self) -> _Done:
        """Break it, and let the loop find, plan, run and verify."""
        scenario, driver = self._scenario, self._driver
        if scenario.fault is not None:
            with self._phase("break", f"putting {scenario.fault} on {scenario.host}"):
                self._bench.break_(scenario.fault, scenario.host)
        if scenario.healed:
            words = "no outside observer sees that anything is wrong, so the scenario could not fail"
            self._some_fail(scenario.healed, words)
        with self._phase("detect", "waiting until it is detected" if scenario.detected else "asking for the remedy"):
            incident = self._raise()
        with self._phase("plan", f"{incident.title}: waiting for a plan"):
            plan = driver.plan(incident)
            self._judge(plan)
            broken = self._bench.snapshot()
        with self._phase("run", f"running {plan.title}, and verifying it"):
            ended = driver.carry_out(incident, plan)
            self._verified(ended)
            self._told(ended)
        return _Done(ended, plan, broken)

    def _raise(self) -> Incident:
        """The incident: found, posted, or asked for."""
        scenario, driver = self._scenario, self._driver
        if scenario.detected is None:
            asked = dict(scenario.asked.parameters) if scenario.asked else {}
            desk = driver.loop.desk
            return desk.ask(FLEET, ASKER, hosts=(scenario.host,), remedy=scenario.remedy, parameters=asked)
        if scenario.detected.by == "outside":
            return driver.post(scenario.host, scenario.detected)
        return driver.detect(scenario.host, scenario.detected)

    def _judge(self, plan: Plan) -> None:
        """Raises Failed for a plan that would be wrong, or is not acceptable, or proves another remedy."""
        for step in plan.steps:
            if any(one.matches(step.remedy, step.parameters) for one in self._scenario.wrong):
                raise Failed(f"the plan is wrong: {plan.title} ({'; '.join(plan.reasons)})")
            if not any(one.matches(step.remedy, step.parameters) for one in self._scenario.plans):
                raise Failed(f"the plan is not acceptable: {plan.title} ({'; '.join(plan.reasons)})")
        if [step.remedy for step in plan.steps] != [self._scenario.remedy]:
            words = f"the plan would do, but shows nothing of {self._scenario.remedy}: {plan.title}"
            raise Failed(f"{words}; name the other remedy in the scenario's `never`")

    def _verified(self, incident: Incident) -> None:
        """Raises Failed unless the loop measured that it healed; of what no probe can see it must not say otherwise."""
        outcomes = self._driver.loop.context.store.outcomes.newest(incident_id=incident.id)
        verdict = outcomes[0].verdict if outcomes else None
        detected = self._scenario.detected
        if detected is None:
            fine = incident.state is State.RESOLVED
        else:
            fine = verdict is Verdict.HEALED or (detected.by == "outside" and verdict is Verdict.UNKNOWN)
        if not fine:
            raise Failed(
                f"the loop found: {verdict or 'nothing'}; {incident.title} is {incident.state}: {incident.reason}"
            )

    def _told(self, incident: Incident) -> None:
        text = "\n".join(f"{event.task or ''}\n{event.detail or ''}" for event in self._driver.said(incident))
        for pattern in self._scenario.says:
            if not re.search(pattern, text, re.MULTILINE):
                raise Failed(f"the run told nothing like {pattern!r}")

    def _again(self, done: _Done) -> str:
        """Run the step a second time; return in words what that did."""
        wanted = self._scenario.again
        with self._phase("again", f"running it again: {wanted.expect} is expected"):
            result = self._driver.once_more(done.plan.steps[0])
            changed = sum(one.changed for one in result.results.values())
            worked = result.status is RunStatus.SUCCESSFUL
            reached = not any(one.unreachable for one in result.results.values())
            found = "refused" if not worked and not changed else "changed" if changed else "unchanged"
            if found != wanted.expect or not reached or (found == "changed" and not worked):
                more = f" ({result.problem})" if result.problem else f" ({changed} tasks changed something)"
                raise Failed(f"a second run was to be {wanted.expect}; it was {found}, {result.status}{more}")
            self._all_hold(self._scenario.healed, "after a second run it is no longer healed, as seen from outside")
        return wanted.expect if wanted.why is None else f"{wanted.expect}: {wanted.why}"

    def _take_back(self, done: _Done) -> str | None:
        """Undo it as a person would, if the scenario says so; return the remedy that did."""
        wanted, driver = self._scenario.undo, self._driver
        if wanted is None or self._undo is None:
            return None
        with self._phase("undo", f"taking it back with {self._undo}"):
            self._some_fail(wanted.holds, "what the undo is to bring about is seen from outside before it")
            asked = driver.loop.desk.undo(done.incident.id, ASKER)
            plan = driver.plan(asked)
            ended = driver.carry_out(asked, plan)
            if ended.state is not State.RESOLVED:
                raise Failed(f"the undo is {ended.state}: {ended.reason}")
            self._all_hold(wanted.holds, "the undo brought nothing about, as seen from outside")
        return self._undo

    def _well(self, when: str) -> None:
        if (found := self._driver.until(self._driver.unwell, _WELL_SECONDS)) is not None:
            raise Failed(f"not everything is well {when}: {found}")

    def _all_hold(self, checks: Sequence[Check], otherwise: str) -> None:
        """Wait until every check holds, each within its own time. Raises Failed."""
        for check in checks:
            seen = self._driver.until(lambda one=check: self._bench.look(one), check.within.total_seconds())  # type: ignore[misc]
            if seen is not None:
                raise Failed(f"{otherwise}: {seen}")

    def _some_fail(self, checks: Sequence[Check], otherwise: str) -> None:
        """Wait until at least one check does not hold. Raises Failed."""

        def all_hold() -> str | None:
            return None if any(self._bench.look(check) is not None for check in checks) else otherwise

        if (complaint := self._driver.until(all_hold, _SEEN_SECONDS)) is not None:
            raise Failed(complaint)

    def _compare(self, collateral: Callable[[Snapshot], list[Difference]]) -> None:
        """Wait until nothing is collateral any more. Raises Failed naming what is."""

        def disturbed() -> str | None:
            found = collateral(self._bench.snapshot())
            more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
            return "; ".join(map(str, found[:_MOST_TOLD])) + more if found else None

        if (found := self._driver.until(disturbed, _SETTLE_SECONDS)) is not None:
            raise Failed(f"collateral: {found}")

    @property
    def _declared(self) -> Declared:
        scenario = self._scenario
        return Declared((*scenario.changes, *(scenario.undo.changes if scenario.undo else ())), scenario.host)

    def _mend(self) -> None:
        if self._scenario.fault is not None:
            self._bench.mend(self._scenario.fault, self._scenario.host)

    def _mend_after(self, error: BaseException) -> None:
        try:
            self._mend()
        except FleetmendError as unmended:
            raise Failed(f"{error}; and it can't be mended: {unmended}") from error

    @contextmanager
    def _phase(self, name: str, words: str) -> Iterator[None]:
        """Tell of it, and note how long it took."""
        self._say(words)
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began
