"""The last look before a run: is what was approved still what would run, and still allowed? (laws 2 and 6)"""

from __future__ import annotations

from datetime import datetime

from catalog.catalog import Catalog
from catalog.proof_rule import barred, lacking
from core.approvals import Answer, Approval
from core.errors import Refused, Unvetted
from core.fleets import Fleet
from core.plans import Plan
from core.policies import RequireProof

POLICY = "policy"
"""Who approved, where no person did."""


def may_start(
    plan: Plan, plan_hash_now: str, approval: Approval, fleet: Fleet, catalog: Catalog, *, now: datetime
) -> None:
    """Return if *plan* may start. *plan_hash_now* is its hash with the policy and the inventory as they are now.

    Raises Refused (another plan, a rejection, a changed hash, an expired approval, `never`, a host that is gone, a
    proof that is needed and gone) or Unvetted (a remedy that is gone, unvetted or changed).
    """
    if approval.answer is not Answer.APPROVE:
        raise Refused(f"the plan was rejected by {approval.by}")
    if approval.plan_id != plan.id or approval.incident_id != plan.incident_id:
        raise Refused("the approval is for another plan")
    if not approval.plan_hash == plan.hash == plan_hash_now:
        raise Refused("the plan, the policy or the inventory changed after the approval; approve the new plan")
    if now >= approval.expires_at:
        raise Refused(f"the approval expired at {approval.expires_at:%Y-%m-%d %H:%M:%S} UTC; approve it again")
    for step in plan.steps:
        if step.remedy in fleet.file.policy.never:
            raise Refused(f"policy.never names {step.remedy}")
        gone = next((host for host in step.hosts if fleet.host(host) is None), None)
        if gone is not None:
            raise Refused(f"{gone} is no host of the fleet {fleet.name} any more")
        remedy = catalog.remedies.get(step.remedy)
        if remedy is None or not remedy.vetted or remedy.digest != step.digest:
            words = f"the files of {step.remedy} are not the vetted ones that were approved"
            raise Unvetted(f"{words}; see: fleetmend catalog check")
        beside = next((host for host in fleet.beside(step.hosts, remedy.reads) if fleet.host(host) is None), None)
        if beside is not None:
            raise Refused(f"{step.remedy} acts on {beside} as well, which is no host of the fleet {fleet.name}")
        if (stop := barred(remedy, fleet)) is not None:
            raise Refused(stop)
        if approval.by == POLICY and fleet.file.policy.require_proof is RequireProof.AUTO and not remedy.proven:
            raise Refused(f"{lacking(remedy)}; policy.require_proof is auto, and no person has approved it")
