"""Planning by rules: candidates, parameters, confidence, alternatives."""

from __future__ import annotations

import pytest

from core.plans import Abstention, Alternative, Proposal
from core.severity import Risk
from planner.alternatives import next_proposal
from planner.planner import Planner
from tests.planning import (
    DISK_CLEANUP,
    GRACE,
    LOG_CLEANUP,
    PROCESS_STOP,
    REMEDIES,
    SERVICE,
    SERVICE_RESTART,
    Remembered,
    make_catalog,
    make_fleet,
    make_host,
    make_incident,
    make_lesson,
    make_plan,
    make_remedy,
    make_request,
    make_step,
)


def plan(incident, *lessons, fleet=None, catalog=None, tried=frozenset()):
    planner = Planner(None, Remembered(lessons))
    return planner.propose(incident, fleet or make_fleet(), catalog or make_catalog(), tried=tried)


def test_a_symptom_gets_the_remedy_that_treats_it_on_its_host():
    planning = plan(make_incident())
    assert isinstance(planning.result, Proposal)
    assert planning.result.steps == (make_step(SERVICE_RESTART, "alpha", service="web"),)
    assert (planning.result.proposer, planning.result.confidence) == ("rules", 0.8)
    assert planning.result.risk is Risk.LOW
    assert any("treats service_down" in reason for reason in planning.result.reasons)


def test_what_only_looks_comes_last_as_the_alternative():
    planning = plan(make_incident())
    assert planning.candidates == ("service_restart", "diagnostics_collect")
    assert [one.step.remedy for one in planning.result.alternatives] == ["diagnostics_collect"]


PARAMETERS = [
    # symptom, subject, service, evidence, remedy, parameters
    ("service_down", "db", None, {}, "service_restart", {"service": "db"}),
    ("port_closed", "web_port", "web", {}, "service_restart", {"service": "web"}),
    ("folder_over_budget", "web_logs", "web", {}, "log_cleanup", {"folder": "web_logs"}),
    ("config_drift", "web_conf", None, {}, "config_restore", {"file": "web_conf"}),
    ("cpu_runaway", "jobs", None, {"pid": 77}, "process_stop", {"process": "jobs", "pid": 77, "grace": 5}),
    # the service of a check counts before a subject that happens to be called like another service
    ("port_closed", "db", "web", {}, "service_restart", {"service": "web"}),
]


@pytest.mark.parametrize(("symptom", "subject", "service", "evidence", "remedy", "parameters"), PARAMETERS)
def test_parameters_come_from_the_incident_and_the_inventory(
    *, symptom, subject, service, evidence, remedy, parameters
):
    incident = make_incident(symptom, subject, service=service, evidence=evidence)
    step = plan(incident).result.steps[0]
    assert (step.remedy, step.parameters) == (remedy, parameters)


def test_the_only_choice_is_taken_but_is_no_certainty_if_the_incident_names_something_else():
    fleet = make_fleet(make_host("alpha", fleetmend_services={"web": {}}))
    mount = plan(make_incident("disk_full", "/"), catalog=make_catalog(DISK_CLEANUP)).result
    assert (mount.steps[0].parameters, mount.confidence) == ({"place": "tmp"}, 0.8)
    other = plan(make_incident("port_closed", "mail"), fleet=fleet).result
    assert other.steps[0].parameters == {"service": "web"}
    assert other.confidence == pytest.approx(0.6)


def test_a_parameter_that_nothing_settles_is_not_guessed():
    result = plan(make_incident("port_closed", "mail")).result
    assert isinstance(result, Abstention)
    assert "needs service" in result.reason
    assert "web" in result.reason


def test_two_causes_of_one_symptom_go_to_people_until_history_tells_them_apart():
    incident = make_incident("http_unhealthy", "web", service="web")
    assert plan(incident).result.confidence == pytest.approx(0.6)
    restart, restore = make_lesson("service_restart", 4, 4), make_lesson("config_restore", 3, 0)
    known = plan(incident, restart, restore).result
    assert known.steps[0].remedy == "service_restart"
    assert known.confidence == pytest.approx((4 + 3.2) / 8)
    # a failure of one says nothing for the other, which never healed
    assert plan(incident, restore).result.confidence <= 0.6


def test_history_ranks_and_lowers_but_never_adds_a_candidate():
    incident = make_incident("disk_full", "/")
    better = plan(incident, make_lesson("log_cleanup", 5, 5), make_lesson("service_restart", 9, 9))
    assert better.candidates == ("log_cleanup", "disk_cleanup")
    bad = plan(make_incident(), make_lesson("service_restart", 6, 0)).result
    assert bad.confidence == pytest.approx(0.32)


@pytest.mark.parametrize(
    ("remedies", "fleet", "tried", "why"),
    [
        ([SERVICE_RESTART.evolve(vetted=False)], {}, (), "not vetted"),
        ([SERVICE_RESTART], {"policy": {"never": ["service_restart"]}}, (), "policy.never"),
        ([SERVICE_RESTART], {}, ("service_restart",), "tried already"),
        ([LOG_CLEANUP], {}, (), "no remedy treats service_down"),
    ],
)
def test_what_may_not_be_chosen_is_no_candidate_and_the_reason_is_said(remedies, fleet, tried, why):
    planning = plan(make_incident(), fleet=make_fleet(**fleet), catalog=make_catalog(*remedies), tried=frozenset(tried))
    assert planning.candidates == ()
    assert isinstance(planning.result, Abstention)
    assert why in planning.result.reason


def test_a_remedy_that_does_not_apply_to_the_host_is_no_candidate():
    fleet = make_fleet(make_host("alpha", fleetmend_services=None))
    planning = plan(make_incident(), fleet=fleet)
    assert planning.candidates == ("diagnostics_collect",)
    assert any("fleetmend_services" in reason for reason in planning.result.reasons)
    no_evidence = plan(make_incident("cpu_runaway", "jobs"))
    assert "process_stop" in no_evidence.result.reason


def test_at_most_ten_candidates():
    many = [make_remedy(f"fix_{number:02}", treats=("service_down",)) for number in range(15)]
    assert plan(make_incident(), catalog=make_catalog(*many)).candidates == tuple(f"fix_{n:02}" for n in range(10))


def test_the_more_specific_remedy_comes_first():
    narrow = make_remedy("zz_narrow", SERVICE, treats=("service_down",), needs=("fleetmend_services",))
    assert plan(make_incident(), catalog=make_catalog(*REMEDIES, narrow)).candidates[0] == "zz_narrow"


def test_a_host_that_left_the_fleet_is_not_planned_for():
    result = plan(make_incident(host="delta")).result
    assert isinstance(result, Abstention)
    assert "delta" in result.reason


def test_an_evidence_parameter_takes_no_other_value_than_the_evidence():
    stop = make_remedy("stop_it", PROCESS_STOP.parameters[1], GRACE, treats=("cpu_runaway",))
    step = plan(make_incident("cpu_runaway", "jobs", evidence={"pid": 4242}), catalog=make_catalog(stop)).result.steps[
        0
    ]
    assert step.parameters == {"pid": 4242, "grace": 5}


class TestNextProposal:
    def alternatives(self):
        return tuple(
            Alternative(step=make_step(remedy), risk=Risk.LOW, confidence=0.7, reason=remedy.id)
            for remedy in (LOG_CLEANUP, DISK_CLEANUP)
        )

    def test_promotes_the_first_and_keeps_the_rest(self):
        proposal = next_proposal(make_plan(alternatives=self.alternatives()), make_catalog(), frozenset())
        assert [step.remedy for step in proposal.steps] == ["log_cleanup"]
        assert [one.step.remedy for one in proposal.alternatives] == ["disk_cleanup"]
        assert proposal.proposer == "rules"

    def test_passes_over_what_was_tried(self):
        proposal = next_proposal(
            make_plan(alternatives=self.alternatives()), make_catalog(), frozenset({"log_cleanup"})
        )
        assert [step.remedy for step in proposal.steps] == ["disk_cleanup"]
        assert proposal.alternatives == ()

    @pytest.mark.parametrize("change", [{"vetted": False}, {"digest": "another"}])
    def test_passes_over_what_is_no_longer_the_vetted_remedy(self, change):
        changed = LOG_CLEANUP.evolve(**change)
        catalog = make_catalog(changed, SERVICE_RESTART)
        assert next_proposal(make_plan(alternatives=self.alternatives()), catalog, frozenset()) is None

    def test_is_never_surer_than_the_plan_was(self):
        plan_ = make_plan(alternatives=self.alternatives(), confidence=0.5)
        assert next_proposal(plan_, make_catalog(), frozenset()).confidence == 0.5


@pytest.mark.parametrize(
    ("mount", "places", "chosen"),
    [
        ("/", {"tmp": "/tmp"}, "tmp"),
        ("/data", {"tmp": "/tmp"}, None),
        ("/data", {"tmp": "/tmp", "spool": "/data/spool"}, "spool"),
        ("/data", {"other": "/database"}, None),
        ("/data", {"a": "/data/a", "b": "/data/b"}, None),
    ],
)
def test_a_full_mount_is_cleaned_where_it_is_full(mount, places, chosen):
    host = make_host("alpha", fleetmend_cleanup={name: {"path": path} for name, path in places.items()})
    result = plan(make_incident("disk_full", mount), fleet=make_fleet(host), catalog=make_catalog(DISK_CLEANUP)).result
    if chosen is None:
        assert isinstance(result, Abstention)
    else:
        assert result.steps[0].parameters == {"place": chosen}


def test_where_a_proof_is_always_required_an_unproven_remedy_is_no_candidate():
    catalog = make_catalog(SERVICE_RESTART.evolve(proof=None), *REMEDIES[1:])
    planning = plan(make_incident(), fleet=make_fleet(policy={"require_proof": "always"}), catalog=catalog)
    assert planning.candidates == ("diagnostics_collect",)
    asked = make_request(remedy="service_restart", parameters={"service": "web"})
    refused = plan(asked, fleet=make_fleet(policy={"require_proof": "always"}), catalog=catalog)
    assert isinstance(refused.result, Abstention)
    assert "no lab has shown that service_restart heals" in refused.result.reason


def test_a_remedy_for_anything_is_for_everything_but_a_host_that_is_away():
    look = make_remedy("look", treats=("any",), read_only=True)
    planner, catalog = Planner(None, Remembered()), make_catalog(look)
    result = planner.propose(make_incident("of_the_users_own", ""), make_fleet(), catalog).result
    assert isinstance(result, Proposal)
    assert result.steps[0].remedy == "look"
    assert isinstance(planner.propose(make_incident("host_unreachable", ""), make_fleet(), catalog).result, Abstention)
