"""The last look before a run: is what was approved still what would run, and still allowed? (laws 2 and 6)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from approver.quorum import needed, voices
from catalog.catalog import Catalog
from catalog.proof_rule import barred, lacking
from core.approvals import Answer, Approval
from core.errors import Refused, Unvetted
from core.fleets import Fleet
from core.incidents import Incident
from core.plans import Plan
from core.policies import RequireProof

POLICY = "policy"
"""Who approved, where no person did."""


class RanOut(Refused):
    """What was approved holds no more, because its time is over: it is asked for anew."""


def may_start(
    plan: Plan,
    plan_hash_now: str,
    approvals: Sequence[Approval],
    incident: Incident,
    fleet: Fleet,
    catalog: Catalog,
    *,
    permitted: Callable[[Approval], bool],
    now: datetime,
) -> str:
    """Return who approved *plan* (`policy`, or people), if it may start.

    *plan_hash_now* is its hash with the policy and the inventory as they are now; *permitted* says whether the person
    behind an approval may still give it. Raises RanOut if too few approvals hold at this moment, Refused (a changed
    hash, too few who may, `never`, a host that is gone, a proof that is needed and gone) or Unvetted (a remedy that is
    gone, unvetted or changed).
    """
    if plan.incident_id != incident.id or incident.plan_id != plan.id:
        raise Refused("the incident stands on another plan")
    own = [one for one in approvals if one.plan_id == plan.id and one.incident_id == incident.id]
    if not any(one.plan_hash == plan.hash == plan_hash_now for one in own):
        raise Refused("the plan, the policy or the inventory changed after the approval; approve the new plan")
    by = _approved_by(plan, own, incident, fleet, catalog, permitted, now)
    for step in plan.steps:
        _step_may_start(step.remedy, step.digest, step.hosts, by, fleet, catalog)
    return by


def _approved_by(
    plan: Plan,
    approvals: Sequence[Approval],
    incident: Incident,
    fleet: Fleet,
    catalog: Catalog,
    permitted: Callable[[Approval], bool],
    now: datetime,
) -> str:
    no = next((one for one in approvals if one.answer is Answer.REJECT), None)
    if no is not None:
        raise Refused(f"the plan was rejected by {no.by}")
    wanted = needed(plan, fleet, catalog)
    people = voices(incident, plan, fleet, approvals, now)
    still = {one.by for one in approvals if one.by in people and permitted(one)}
    if len(still) >= wanted:
        return ", ".join(sorted(still))
    yes = [one for one in approvals if one.by == POLICY and one.plan_hash == plan.hash]
    if any(one.expires_at > now for one in yes):
        return POLICY
    if len(people) >= wanted:
        gone = ", ".join(sorted(people - still))
        raise Refused(f"{gone} may not approve in {fleet.name} any more")
    last = max((one.expires_at for one in approvals), default=now)
    raise RanOut(f"the approval expired at {last:%Y-%m-%d %H:%M:%S} UTC; approve it again")


def _step_may_start(name: str, digest: str, hosts: Sequence[str], by: str, fleet: Fleet, catalog: Catalog) -> None:
    if name in fleet.file.policy.never:
        raise Refused(f"policy.never names {name}")
    gone = next((host for host in hosts if fleet.host(host) is None), None)
    if gone is not None:
        raise Refused(f"{gone} is no host of the fleet {fleet.name} any more")
    remedy = catalog.remedies.get(name)
    if remedy is None or not remedy.vetted or remedy.digest != digest:
        words = f"the files of {name} are not the vetted ones that were approved"
        raise Unvetted(f"{words}; see: fleetmend catalog check")
    beside = next((host for host in fleet.beside(hosts, remedy.reads) if fleet.host(host) is None), None)
    if beside is not None:
        raise Refused(f"{name} acts on {beside} as well, which is no host of the fleet {fleet.name}")
    if (stop := barred(remedy, fleet)) is not None:
        raise Refused(stop)
    if by == POLICY and fleet.file.policy.require_proof is RequireProof.AUTO and not remedy.proven:
        raise Refused(f"{lacking(remedy)}; policy.require_proof is auto, and no person has approved it")
