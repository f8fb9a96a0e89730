"""The demo, in order: hosts up, the loop started, a clean sweep, the faults put in, healed, and told about."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from cli.demo.faults import Fault, four_faults
from cli.demo.gather import about, make_report
from cli.demo.hosts import demo_hosts
from cli.demo.interrupts import Interrupted, Interrupts
from cli.demo.live import View
from cli.demo.place import FLEET, Place, log_to, private_place, settings_for
from cli.demo.report import Broken, Planner, Report
from cli.demo.rows import Rows, settled
from core.errors import FleetmendError
from core.settings import Settings
from core.states import State
from loop.embedded import Embedded
from loop.wiring import Loop
from planner.models import RULES, detect_ollama

AUTO = "auto"
"""The planner that is used unless one is asked for: a model if there is one, else rules."""

_OLLAMA_SECONDS = 1.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What stands while the demo lasts."""

    place: Place
    settings: Settings
    loop: Loop


def show(
    view: View,
    interrupts: Interrupts,
    *,
    planner: str,
    timeout: float,
    then: Callable[[Report, Stage], None] = lambda report, stage: None,
) -> Report:
    """Run the whole demo and return what came of it; *then* gets the same while everything still stands.

    *planner* is `auto`, `rules` or a model; *timeout* is how long healing may take, in seconds. Raises Interrupted if
    a signal came, and FleetmendError if the demo can't be put up. Leaves no process and no file behind.
    """
    began = time.monotonic()
    with private_place() as place, ExitStack() as screen:
        settings, chosen = _settings(place, planner)
        screen.enter_context(log_to(place.log, settings.log_level))
        shown = screen.enter_context(ExitStack())
        shown.enter_context(view)
        view.say("Three hosts are put up on this machine …")
        with demo_hosts(place.hosts, place.app, pause=interrupts.pause) as hosts, _end_announced(view):
            view.say(f"{', '.join(hosts)} are up, each with a supervisor, a web service and a job of its own.")
            view.say(f"The loop is started. Its planner is {chosen.used}: {chosen.why}.")
            interrupts.check()
            with Embedded(settings) as embedded:
                _sweep(embedded.loop, view)
                interrupts.check()
                broken = _break(four_faults(hosts), embedded.loop, view)
                _follow(broken, embedded.loop, view, interrupts, timeout)
                looked_at = [one.looked_at() for one in broken]
                report = make_report(embedded.loop, looked_at, chosen, seconds=time.monotonic() - began)
                shown.close()
                then(report, Stage(place=place, settings=settings, loop=embedded.loop))
                return report


@contextmanager
def _end_announced(view: View) -> Iterator[None]:
    """Ending everything takes some seconds: say so."""
    try:
        yield
    except Interrupted:
        view.say("Everything is stopped and removed …")
        raise


@dataclass(frozen=True, kw_only=True)
class _PutIn:
    """A fault that was put in."""

    fault: Fault
    first: Broken

    def looked_at(self) -> Broken:
        return self.first.evolve(still_there=self.fault.still_there())


def _settings(place: Place, planner: str) -> tuple[Settings, Planner]:
    """The settings with the planner's model in them, and which planner that is. Raises BadInput."""
    if planner != AUTO:
        return settings_for(place, model=planner), Planner(used=planner, why="it was asked for")
    settings = settings_for(place)
    if settings.model is not None:
        return settings, Planner(used=settings.model, why="FLEETMEND_MODEL is set")
    found = detect_ollama(settings.ollama_url, _OLLAMA_SECONDS)
    if found is not None:
        return settings_for(place, model=found), Planner(used=found, why=f"Ollama answers on {settings.ollama_url}")
    why = f"no FLEETMEND_MODEL is set, and no Ollama with an instruct model answers on {settings.ollama_url}"
    return settings_for(place, model=RULES), Planner(used=RULES, why=why)


def _sweep(loop: Loop, view: View) -> None:
    """One sweep by the loop itself, which has to find everything well. Raises FleetmendError if it does not."""
    fleet = loop.context.fleet(FLEET)
    for sweep in fleet.file.sweeps:
        loop.sweeps.run(fleet, sweep)
    unwell = loop.context.store.conditions.unwell(FLEET)
    if unwell:
        found = ", ".join(f"{one.symptom} {one.subject} on {one.host}" for one in unwell)
        raise FleetmendError(f"the demo's hosts are not well before anything was broken: {found}")
    view.say("A first sweep over all probes finds everything well.")


def _break(faults: Sequence[Fault], loop: Loop, view: View) -> list[_PutIn]:
    """Put the faults in, all at once, and see that each is there. Raises FleetmendError if one is not."""
    put_in = []
    for fault in faults:
        at, words = loop.context.clock.now(), fault.put_in()
        first = Broken(
            name=fault.name,
            host=fault.host.name,
            symptom=fault.symptom,
            subject=fault.subject,
            words=words,
            put_in_at=at,
            still_there=True,
        )
        put_in.append(_PutIn(fault=fault, first=first))
    for one in put_in:
        view.say(f"{one.first.host}: {one.first.words}.")
        if not one.fault.still_there():
            raise FleetmendError(f"the fault {one.fault.name} could not be put in on {one.first.host}")
    return put_in


def _follow(put_in: Sequence[_PutIn], loop: Loop, view: View, interrupts: Interrupts, timeout: float) -> None:
    """Show the loop at work until every fault is dealt with, or *timeout* seconds are over."""
    incidents, deadline = Rows(loop.context.store), time.monotonic() + timeout
    while time.monotonic() < deadline:
        rows = incidents.look(loop.context.clock.now())
        view.show(rows)
        if settled(rows) and all(_dealt_with(one, loop) for one in put_in):
            return
        interrupts.pause(_LOOK_SECONDS)


def _dealt_with(one: _PutIn, loop: Loop) -> bool:
    """True if the loop saw the fault, and either healed it or gave it to people."""
    incident = about(one.first, loop.context.store.incidents.newest(fleet=FLEET))
    return incident is not None and (incident.state is State.ESCALATED or not one.fault.still_there())
