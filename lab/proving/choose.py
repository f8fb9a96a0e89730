"""Which scenarios show a remedy: its own, and those in which it is the undo. A remedy is proven by all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from catalog.catalog import Catalog
from core.errors import BadInput, Refused
from core.remedies import Remedy
from lab.lab import Lab
from lab.proving.load import Scenarios
from lab.proving.scenario import Scenario


def scenarios_of(remedy: Remedy, scenarios: Mapping[str, Scenario], catalog: Catalog) -> tuple[Scenario, ...]:
    """Every scenario that shows *remedy*, by name."""
    return tuple(
        scenario
        for _, scenario in sorted(scenarios.items())
        if scenario.remedy == remedy.id
        or (scenario.undo is not None and catalog.remedies[scenario.remedy].undo == remedy.id)
    )


def wanted_remedies(ids: Sequence[str], catalog: Catalog) -> tuple[Remedy, ...]:
    """The remedies *ids*, all of the catalog's if empty. Raises NotFound, BadInput for one that can't be loaded."""
    for id in ids:
        for problem in catalog.problems:
            if problem.file is not None and problem.file.name.partition(".")[0] == id:
                raise problem
    return tuple(catalog.remedy(id) for id in dict.fromkeys(ids)) or tuple(catalog.remedies.values())


def why_not(remedy: Remedy, scenarios: Sequence[Scenario]) -> str | None:
    """Why *remedy* can't be proven, whatever the lab would show; None if it can."""
    if not remedy.vetted:
        return f"{remedy.id} is not vetted; read it, then: fleetmend catalog vet {remedy.id}"
    if not scenarios:
        return f"no scenario shows {remedy.id}; write lab/scenarios/<name>.yml"
    own = [scenario for scenario in scenarios if scenario.remedy == remedy.id]
    if remedy.undo is not None and own and not any(scenario.undo for scenario in own):
        return f"the card of {remedy.id} names the undo {remedy.undo}, and none of its scenarios shows that"
    return None


def check_sound(remedies: Iterable[Remedy], loaded: Scenarios, catalog: Catalog) -> tuple[str, ...]:
    """Raise BadInput for a scenario of one of *remedies* that is not sound; return in words what is wrong elsewhere."""
    wanted = {remedy.id for remedy in remedies}
    elsewhere = []
    for of, problem in loaded.problems:
        known = None if of is None else catalog.remedies.get(of)
        if of is None or {of, known and known.undo} & wanted:
            raise problem
        elsewhere.append(str(problem))
    return tuple(elsewhere)


def check_wanted(remedies: Iterable[Remedy], scenarios: Mapping[str, Scenario], catalog: Catalog) -> None:
    """Raise Refused or BadInput for the first of *remedies* that can't be proven."""
    for remedy in remedies:
        if (words := why_not(remedy, scenarios_of(remedy, scenarios, catalog))) is not None:
            raise BadInput(words) if remedy.vetted else Refused(words)


def missing_hosts(scenario: Scenario, lab: Lab) -> str | None:
    """Say which hosts *scenario* needs that *lab* lacks; None if it has all."""
    there = {host.name for host in lab.hosts}
    missing = [name for name in scenario.needed_hosts if name not in there]
    if not missing:
        return None
    return f"it needs {', '.join(missing)}, and the lab {lab.name} has no such host; bring one up with --hosts"
