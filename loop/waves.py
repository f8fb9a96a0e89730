"""Waves: a storm's plan begins on one host, and goes on to more only once that one is measured well.

Border: it only says which hosts come next. Each wave is a step of a plan, and is run and verified as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from approver.case import max_hosts
from catalog.catalog import Catalog
from catalog.validation import check_parameters
from core.errors import FleetmendError
from core.fleets import Fleet
from core.importance import importance_of
from core.incidents import Incident
from core.plans import Plan, Proposal, Step
from core.remedies import Remedy


def in_waves(proposal: Proposal, incident: Incident, fleet: Fleet, catalog: Catalog) -> Proposal:
    """*proposal* for one host of a storm, with a second wave for as many more as its remedy's card allows.

    A proposal for anything but a storm, or with several steps, stays as it is; so does one whose parameters are pinned
    to what was measured on that host.
    """
    if not incident.is_storm or len(proposal.steps) != 1 or len(proposal.steps[0].hosts) != 1:
        return proposal
    first = proposal.steps[0]
    more = _next(incident.hosts, first, fleet, catalog, done=first.hosts)
    left = incident.host_count - 1 - len(more)
    words = f"a storm on {incident.host_count} hosts: first on {first.hosts[0]}"
    if more:
        words += f", and once that is measured well, on {len(more)} more"
    if left:
        words += f"; {left} are left for later plans"
    second = (first.evolve(hosts=more),) if more else ()
    return proposal.evolve(steps=(first, *second), reasons=(*proposal.reasons, words))


def rest_of(plan: Plan, incident: Incident, still: Iterable[str], fleet: Fleet, catalog: Catalog) -> Proposal | None:
    """What comes after *plan*, which healed its hosts, for hosts where the storm *still* goes on; None for nobody."""
    last = plan.steps[-1]
    wanted = sorted(set(still) - set(plan.hosts))
    hosts = _next(wanted, last, fleet, catalog, done=plan.hosts)
    if not hosts:
        return None
    words = f"it healed {len(plan.hosts)} of {incident.host_count} hosts, and goes on for {len(wanted)} more"
    return Proposal(
        steps=(last.evolve(hosts=hosts),),
        risk=plan.risk,
        proposer=plan.proposer,
        confidence=plan.confidence,
        reasons=(words,),
        alternatives=plan.alternatives,
    )


def _next(hosts: Sequence[str], step: Step, fleet: Fleet, catalog: Catalog, *, done: Sequence[str]) -> tuple[str, ...]:
    """The hosts of the next wave, sorted: those that matter least, as many as the card allows."""
    remedy = catalog.remedies.get(step.remedy)
    if remedy is None or any(one.from_evidence and one.name in step.parameters for one in remedy.parameters):
        return ()
    fit = [name for name in hosts if name not in done and _fits(name, step, remedy, fleet)]
    fit.sort(key=lambda name: (importance_of(fleet.host(name), None), name))
    return tuple(sorted(fit[: max_hosts(remedy, fleet)]))


def _fits(name: str, step: Step, remedy: Remedy, fleet: Fleet) -> bool:
    host = fleet.host(name)
    if host is None or any(host.variables.get(need) is None for need in remedy.needs):
        return False
    try:
        return check_parameters(remedy, [host], {}, step.parameters) == step.parameters
    except FleetmendError:
        return False
