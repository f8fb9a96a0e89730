"""Less than was proposed: the part of a plan that is left for some of its hosts, and of what was foreseen for it."""

from __future__ import annotations

from collections.abc import Sequence

from core.approvals import Foreseen
from core.digests import digest_of
from core.errors import BadInput
from core.plans import Plan, Proposal, Step
from core.runs import Preview


def narrowed(plan: Plan, hosts: Sequence[str] | None, by: str) -> Proposal | None:
    """*plan* for *hosts* alone, or None if these are all of its hosts (or none are named: None).

    A step that is left without a host is left out. Raises BadInput for an empty list, and for hosts that are not in it.
    """
    if hosts is None or set(hosts) == set(plan.hosts):
        return None
    if not hosts:
        raise BadInput("name at least one host; to have nothing done, reject it", key="hosts")
    foreign = sorted(set(hosts) - set(plan.hosts))
    if foreign:
        raise BadInput(f"{foreign[0]} is not in the plan, which is for {', '.join(plan.hosts)}", key="hosts")
    steps = [_on(step, hosts) for step in plan.steps]
    fewer = ", ".join(sorted(set(hosts)))
    return Proposal(
        steps=tuple(step for step in steps if step is not None),
        risk=plan.risk,
        proposer=plan.proposer,
        confidence=plan.confidence,
        reasons=(*plan.reasons, f"narrowed to {fewer} by {by}"),
        alternatives=plan.alternatives,
    )


def foreseen_for(plan: Plan, wider: Plan, found: Foreseen) -> Foreseen:
    """The part of what was *found* for the *wider* plan that is about *plan*, its narrower successor."""
    previews = []
    for step, preview in zip(wider.steps, found.previews, strict=False):
        left = _on(step, plan.hosts)
        if left is not None:
            hosts = tuple(one for one in preview.hosts if one.host in left.hosts)
            results = {host: result for host, result in preview.result.results.items() if host in left.hosts}
            previews.append(preview.evolve(hosts=hosts, result=preview.result.evolve(results=results)))
    kept = tuple(previews)
    return found.evolve(plan_id=plan.id, previews=kept, digest=diffs_digest(kept))


def diffs_digest(previews: Sequence[Preview]) -> str:
    """The digest over the diffs alone, step by step and host by host."""
    return digest_of([[[one.host, one.diff] for one in preview.hosts] for preview in previews])


def _on(step: Step, hosts: Sequence[str]) -> Step | None:
    left = tuple(host for host in step.hosts if host in set(hosts))
    return step.evolve(hosts=left) if left else None
