"""What the policy rules: every rule by itself, the order of rulings, and the laws as properties."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approver.case import make_case, max_hosts
from approver.policy import decide, expiry
from core.approvals import Ruling, Usage
from core.policies import Mode, RequireProof
from core.severity import Risk
from tests.planning import (
    CONFIG_RESTORE,
    NOW,
    SERVICE_RESTART,
    make_catalog,
    make_fleet,
    make_host,
    make_incident,
    make_plan,
    make_request,
    make_step,
    proof_of,
)

AUTO = {"mode": "auto"}


def case(plan=None, *, fleet=None, usage=None, incident=None, catalog=None, vouched=True, now=NOW):
    return make_case(
        plan or make_plan(),
        incident or make_incident(),
        make_fleet(**(AUTO | (fleet or {}))),
        catalog or make_catalog(),
        usage or Usage(),
        vouched=vouched,
        now=now,
    )


def rule(*given, **more):
    return decide(case(*given, **more))


def test_what_the_policy_allows_runs_and_the_rules_are_said():
    decision = rule()
    assert decision.ruling is Ruling.RUN
    assert "mode auto: what the policy allows runs by itself" in decision.rules
    assert "risk low is within policy.auto.risk low" in decision.rules
    assert "confidence 0.80 meets policy.auto.confidence 0.80" in decision.rules
    assert "proposed by rules" in decision.rules


def running(**ago):
    return Usage(last_runs={"service_restart@alpha": NOW - timedelta(**ago)})


CASES = [
    # what, fleet, plan, usage -> ruling, words
    ("observe", {"mode": "observe"}, {}, {}, Ruling.HOLD, "mode observe"),
    ("suggest", {"mode": "suggest"}, {}, {}, Ruling.HOLD, "mode suggest"),
    ("approve", {"mode": "approve"}, {}, {}, Ruling.ASK, "mode approve: a person decides"),
    ("disabled", {"enabled": False}, {}, {}, Ruling.HOLD, "not enabled"),
    ("risk above auto", {}, {"risk": Risk.MEDIUM}, {}, Ruling.ASK, "above policy.auto.risk low"),
    (
        "risk above approve",
        {"policy": {"approve": {"risk": "low"}}},
        {"risk": Risk.HIGH},
        {},
        Ruling.STOP,
        "nobody may approve",
    ),
    ("unsure", {}, {"confidence": 0.79}, {}, Ruling.ASK, "confidence 0.79 is below"),
    ("never", {"policy": {"never": ["service_restart"]}}, {}, {}, Ruling.STOP, "policy.never"),
    ("attempts", {"policy": {"max_attempts": 2}}, {}, {"attempts": 2}, Ruling.STOP, "max_attempts is 2"),
    ("attempts left", {"policy": {"max_attempts": 2}}, {}, {"attempts": 1}, Ruling.RUN, ""),
    (
        "cooldown",
        {},
        {},
        {"last_runs": {"service_restart@alpha": NOW - timedelta(minutes=9)}},
        Ruling.ASK,
        "ran on alpha 9m ago; its cooldown is 10m",
    ),
    ("cooled", {}, {}, {"last_runs": {"service_restart@alpha": NOW - timedelta(minutes=10)}}, Ruling.RUN, ""),
    ("elsewhere", {}, {}, {"last_runs": {"service_restart@beta": NOW}}, Ruling.RUN, ""),
    (
        "fleet's own cooldown",
        {"cooldown": "1h"},
        {},
        {"last_runs": {"service_restart@alpha": NOW - timedelta(minutes=30)}},
        Ruling.ASK,
        "its cooldown is 1h",
    ),
    (
        "no cooldown",
        {"cooldown": "0s"},
        {},
        {"last_runs": {"service_restart@alpha": NOW}},
        Ruling.RUN,
        "",
    ),
    (
        "unhealthy",
        {"budget": {"stop_when_unhealthy": "40%"}},
        {},
        {"unhealthy_share": 0.5},
        Ruling.ASK,
        "50% of the fleet's hosts are unhealthy",
    ),
    ("still healthy", {"budget": {"stop_when_unhealthy": "40%"}}, {}, {"unhealthy_share": 0.4}, Ruling.RUN, ""),
    ("all unhealthy, no limit", {}, {}, {"unhealthy_share": 1.0}, Ruling.RUN, ""),
    ("paused", {}, {}, {"paused": "person:ada: deploy"}, Ruling.RUN, "paused (person:ada: deploy)"),
    ("full", {"budget": {"concurrent_runs": 1}}, {}, {"running": 1}, Ruling.RUN, "the run waits"),
    (
        "hosts per hour",
        {"budget": {"hosts_per_hour": 1}},
        {},
        {"hosts_touched": 2},
        Ruling.RUN,
        "hosts_per_hour is 1",
    ),
    ("model", {}, {"proposer": "model:ollama:x"}, {}, Ruling.RUN, "a language model chose"),
]


@pytest.mark.parametrize(
    ("fleet", "plan", "usage", "ruling", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_each_rule(fleet, plan, usage, ruling, words):
    decision = rule(make_plan(**plan), fleet=fleet, usage=Usage(**usage))
    assert decision.ruling is ruling
    assert any(words in said for said in decision.rules)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"vetted": False}, "not vetted"), ({"digest": "x"}, "changed after the plan"), (None, "not in the catalog")],
)
def test_only_what_is_vetted_runs(change, words):
    catalog = make_catalog(CONFIG_RESTORE if change is None else SERVICE_RESTART.evolve(**change))
    decision = rule(catalog=catalog)
    assert decision.ruling is Ruling.STOP
    assert any(words in said for said in decision.rules)


UNPROVEN = SERVICE_RESTART.evolve(proof=None)
CHANGED = SERVICE_RESTART.evolve(proof=proof_of("service_restart", "of-earlier-files"))


@pytest.mark.parametrize(
    ("remedy", "mode", "required", "ruling", "words"),
    [
        (
            UNPROVEN,
            "auto",
            "auto",
            Ruling.ASK,
            "no lab has shown that service_restart heals; policy.require_proof is a",
        ),
        (CHANGED, "auto", "auto", Ruling.ASK, "the proof of service_restart is void, because its files have changed"),
        (SERVICE_RESTART, "auto", "auto", Ruling.RUN, "risk low"),
        (UNPROVEN, "auto", "never", Ruling.RUN, "no lab has shown"),
        (UNPROVEN, "auto", "always", Ruling.STOP, "heals; policy.require_proof is always"),
        (CHANGED, "approve", "always", Ruling.STOP, "changed since; policy.require_proof is always"),
        (SERVICE_RESTART, "auto", "always", Ruling.RUN, "risk low"),
        (UNPROVEN, "approve", "auto", Ruling.ASK, "no lab has shown"),
        (UNPROVEN, "suggest", "auto", Ruling.HOLD, "no lab has shown"),
    ],
)
def test_what_was_not_shown_to_heal_asks_a_person_or_stops(remedy, mode, required, ruling, words):
    fleet = {"mode": mode, "policy": {"require_proof": required}}
    decision = rule(fleet=fleet, catalog=make_catalog(remedy))
    assert decision.ruling is ruling
    assert any(words in said for said in decision.rules)


def test_a_proof_is_required_by_default():
    assert rule(catalog=make_catalog(UNPROVEN)).ruling is Ruling.ASK


def test_the_card_says_the_risk_whatever_the_plan_claims():
    plan = make_plan(make_step(CONFIG_RESTORE, file="web_conf"), risk=Risk.LOW)
    assert rule(plan, incident=make_incident("config_drift", "web_conf")).ruling is Ruling.ASK


@pytest.mark.parametrize(
    ("step_hosts", "incident", "words"),
    [
        (("beta",), make_incident(), "outside the incident's scope"),
        (("delta",), make_request("x", hosts=("delta",)), "not a host of the fleet"),
        (("alpha", "beta"), make_request("x", hosts=("alpha", "beta")), "the card of service_restart allows 1"),
    ],
)
def test_hosts_are_judged(step_hosts, incident, words):
    decision = rule(make_plan(make_step(SERVICE_RESTART, *step_hosts)), incident=incident)
    assert decision.ruling is Ruling.STOP
    assert any(words in said for said in decision.rules)


@pytest.mark.parametrize(
    ("reach", "hosts", "most"), [(1, 10, 1), (4, 2, 4), ("25%", 10, 2), ("25%", 3, 1), ("30%", 10, 3), ("100%", 7, 7)]
)
def test_reach_is_a_number_or_a_share_of_the_fleet(reach, hosts, most):
    remedy = SERVICE_RESTART.evolve(reach={"max_hosts": reach})
    assert max_hosts(remedy, make_fleet(*(make_host(f"h{number}") for number in range(hosts)))) == most


def test_the_strictest_rule_counts_and_all_are_said():
    decision = rule(
        make_plan(confidence=0.1, risk=Risk.HIGH),
        fleet={"mode": "suggest", "policy": {"never": ["service_restart"]}},
        usage=running(minutes=1),
    )
    assert decision.ruling is Ruling.STOP
    assert "policy.never" in decision.rules[0]
    assert "mode suggest" in decision.rules[1]
    assert any("cooldown" in said for said in decision.rules)


def test_observing_does_nothing_at_all():
    assert rule(fleet={"mode": "observe", "policy": {"never": ["service_restart"]}}).ruling is Ruling.HOLD


def test_an_approval_expires_as_the_fleet_says():
    assert expiry(make_fleet(policy={"approve": {"expires": "5m"}}), NOW) == NOW + timedelta(minutes=5)


@given(
    mode=st.sampled_from(Mode),
    risk=st.sampled_from(Risk),
    card=st.sampled_from(Risk),
    auto=st.sampled_from(Risk),
    confidence=st.floats(0, 1),
    least=st.floats(0, 1),
    never=st.booleans(),
    vetted=st.booleans(),
    proven=st.booleans(),
    required=st.sampled_from(RequireProof),
    proposer=st.sampled_from(["rules", "model:a:b", "person:ada", "schedule:nightly"]),
    attempts=st.integers(0, 4),
)
def test_nothing_runs_by_itself_that_the_policy_does_not_allow(
    *, mode, risk, card, auto, confidence, least, never, vetted, proven, required, proposer, attempts
):
    decision = rule(
        make_plan(risk=risk, confidence=confidence, proposer=proposer),
        fleet={
            "mode": mode,
            "policy": {
                "auto": {"risk": auto, "confidence": least},
                "never": ["service_restart"] if never else [],
                "require_proof": required,
            },
        },
        catalog=make_catalog(
            SERVICE_RESTART.evolve(vetted=vetted, risk=card, proof=SERVICE_RESTART.proof if proven else None)
        ),
        usage=Usage(attempts=attempts),
    )
    assert decision.rules
    allowed = (
        mode is Mode.AUTO
        and max(risk, card) <= auto
        and confidence >= least
        and vetted
        and not never
        and attempts < 3
        and (proven or required is RequireProof.NEVER)
    )
    assert (decision.ruling is Ruling.RUN) == allowed
    if mode is Mode.APPROVE and (never or not vetted or (required is RequireProof.ALWAYS and not proven)):
        assert decision.ruling is Ruling.STOP
