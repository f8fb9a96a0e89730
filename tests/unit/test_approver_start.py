"""The last look before a run: an approval binds a hash, and expires (law 6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approver.start import RanOut, may_start
from core.approvals import Answer, Approval
from core.errors import Refused, Unvetted
from core.incidents import Request
from tests.planning import (
    CONFIG_RESTORE,
    NOW,
    SERVICE_RESTART,
    make_catalog,
    make_fleet,
    make_host,
    make_incident,
    make_plan,
    make_step,
)

PLAN = make_plan()
ASKED = Request(by="person:ada", remedy="service_restart", hosts=("alpha",), parameters={"service": "web"})


def approval(**fields):
    given = {
        "id": "app-1",
        "incident_id": "inc-1",
        "plan_id": "plan-1",
        "plan_hash": PLAN.hash,
        "answer": Answer.APPROVE,
        "by": "person:ada",
        "reasons": (),
        "at": NOW,
        "expires_at": NOW + timedelta(minutes=30),
    }
    return Approval(**(given | fields))


def start(*, plan=PLAN, hash_now=None, approved=None, fleet=None, catalog=None, now=NOW, permitted=True, incident=None):
    approvals = approved if isinstance(approved, list) else [approved or approval()]
    return may_start(
        plan,
        hash_now or plan.hash,
        approvals,
        incident or make_incident(plan_id=plan.id),
        fleet or make_fleet(),
        catalog or make_catalog(),
        permitted=permitted if callable(permitted) else lambda _one: permitted,
        now=now,
    )


def test_what_was_approved_may_start():
    start()


NO = approval(id="app-2", by="person:bob", answer=Answer.REJECT)
OTHER = make_plan(make_step(SERVICE_RESTART, "alpha", service="db"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"approved": approval(answer=Answer.REJECT)}, "rejected by person:ada"),
        ({"approved": approval(plan_id="plan-2")}, "changed after the approval"),
        ({"approved": approval(incident_id="inc-2")}, "changed after the approval"),
        ({"incident": make_incident(plan_id="plan-2")}, "the incident stands on another plan"),
        ({"approved": [approval(), NO]}, "rejected by person:bob"),
        ({"approved": []}, "changed after the approval"),
        ({"permitted": False}, "ada may not approve in shop any more"),
        ({"incident": make_incident(plan_id="plan-1", request=ASKED)}, "the approval expired"),
        ({"approved": approval(plan_hash="0")}, "changed after the approval"),
        ({"plan": OTHER}, "changed after the approval"),
        ({"hash_now": PLAN.evolve(bound={"host web1": "moved"}).hash}, "changed after the approval"),
        ({"now": NOW + timedelta(minutes=30)}, "expired at"),
        ({"fleet": make_fleet(policy={"never": ["service_restart"]})}, "policy.never"),
        ({"fleet": make_fleet(make_host("beta"))}, "no host of the fleet"),
    ],
)
def test_what_was_not_approved_as_it_is_now_may_not_start(given, words):
    with pytest.raises(Refused, match=words):
        start(**given)


@pytest.mark.parametrize(
    "catalog",
    [
        make_catalog(SERVICE_RESTART.evolve(vetted=False)),
        make_catalog(SERVICE_RESTART.evolve(digest="edited")),
        make_catalog(CONFIG_RESTORE),
    ],
)
def test_only_the_vetted_files_may_start(catalog):
    with pytest.raises(Unvetted):
        start(catalog=catalog)


UNPROVEN = make_catalog(SERVICE_RESTART.evolve(proof=None))


def test_what_the_policy_approved_needs_its_proof_at_the_start_too():
    with pytest.raises(Refused, match=r"no lab has shown .* and no person has approved it"):
        start(approved=approval(by="policy"), catalog=UNPROVEN)
    start(approved=approval(by="policy"))
    start(approved=approval(by="policy"), catalog=UNPROVEN, fleet=make_fleet(policy={"require_proof": "never"}))


def test_a_person_may_answer_for_an_unproven_remedy_unless_the_fleet_always_wants_a_proof():
    start(catalog=UNPROVEN)
    with pytest.raises(Refused, match="require_proof is always"):
        start(catalog=UNPROVEN, fleet=make_fleet(policy={"require_proof": "always"}))


def test_the_last_moment_still_counts():
    start(now=NOW + timedelta(minutes=30) - timedelta(microseconds=1))


TWO = make_fleet(policy={"approve": {"approvers": {"low": 2}}})
BOB = approval(id="app-2", by="person:bob")


def test_two_have_to_be_two():
    assert start(approved=[approval(), BOB], fleet=TWO) == "person:ada, person:bob"
    for too_few in ([approval()], [approval(), approval(id="app-2")], [approval(), BOB.evolve(expires_at=NOW)]):
        with pytest.raises(RanOut):
            start(approved=too_few, fleet=TWO)


def test_one_of_two_who_may_not_approve_any_more_does_not_count():
    with pytest.raises(Refused, match="bob may not approve"):
        start(approved=[approval(), BOB], fleet=TWO, permitted=lambda one: one.by != "person:bob")


def test_the_policys_yes_is_enough_by_itself_and_counts_as_nobody_among_people():
    policy = approval(id="app-3", by="policy")
    assert start(approved=[policy], fleet=TWO) == "policy"
    with pytest.raises(RanOut):
        start(approved=[policy.evolve(expires_at=NOW), approval()], fleet=TWO)


def test_who_asked_may_approve_where_the_fleet_says_so():
    own = make_fleet(policy={"approve": {"own": True}})
    assert start(incident=make_incident(plan_id="plan-1", request=ASKED), fleet=own) == "person:ada"


def test_who_changed_the_plan_asked_for_it():
    changed = PLAN.evolve(proposer="person:ada")
    with pytest.raises(RanOut):
        start(plan=changed)
    assert start(plan=changed, approved=[BOB]) == "person:bob"
