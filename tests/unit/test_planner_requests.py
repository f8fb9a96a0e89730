"""Planning for what people and schedules ask."""

from __future__ import annotations

import pytest

from core.plans import Abstention, Proposal
from planner.planner import Planner
from tests.planning import (
    SERVICE_RESTART,
    Remembered,
    make_catalog,
    make_fleet,
    make_host,
    make_request,
    make_step,
)

ALL = ("alpha", "beta", "gamma")


def plan(incident, fleet=None, catalog=None, tried=frozenset()):
    return Planner(None, Remembered()).propose(incident, fleet or make_fleet(), catalog or make_catalog(), tried=tried)


def mixed_fleet():
    return make_fleet(
        make_host("alpha", fleetmend_services={"web": {}}),
        make_host("beta", fleetmend_services={"db": {}}),
        make_host("gamma", fleetmend_services=None, fleetmend_files=None),
    )


def test_a_named_remedy_is_planned_as_asked_and_the_asker_proposes():
    incident = make_request(
        remedy="service_restart", parameters={"service": "db"}, hosts=("alpha", "beta"), by="schedule:n"
    )
    result = plan(incident).result
    assert result.steps == (make_step(SERVICE_RESTART, "alpha", "beta", service="db"),)
    assert (result.proposer, result.confidence) == ("schedule:n", 1.0)


@pytest.mark.parametrize(
    "request_",
    [
        {"remedy": "no_such"},
        {"remedy": "service_restart", "parameters": {"service": "mail"}},
        {"remedy": "service_restart", "parameters": {"service": "{{ lookup('pipe', 'id') }}"}},
        {"remedy": "service_restart", "parameters": {"service": "web", "extra": 1}},
        {"remedy": "service_restart"},
        {"remedy": "process_stop", "parameters": {"process": "jobs", "pid": 1}},
        {"remedy": "service_restart", "parameters": {"service": "web"}, "hosts": ("alpha", "delta")},
    ],
)
def test_a_named_remedy_that_breaks_the_law_is_refused(request_):
    planning = plan(make_request(**request_))
    assert isinstance(planning.result, Abstention)
    assert planning.refusals


@pytest.mark.parametrize(
    ("fleet", "tried", "why"),
    [({"policy": {"never": ["service_restart"]}}, (), "never"), ({}, ("service_restart",), "tried")],
)
def test_a_named_remedy_is_bound_by_policy_and_history(fleet, tried, why):
    incident = make_request(remedy="service_restart", parameters={"service": "web"})
    planning = plan(incident, make_fleet(**fleet), tried=frozenset(tried))
    assert why in planning.result.reason


UNDERSTOOD = [
    ("please restart web", "service_restart", {"service": "web"}),
    ("Restart the db service on alpha.", "service_restart", {"service": "db"}),
    ("clean up the logs", "log_cleanup", {"folder": "web_logs"}),
    ("clean up web_logs", "log_cleanup", {"folder": "web_logs"}),
    ("disk_cleanup", "disk_cleanup", {"place": "tmp"}),
    ("free some disk", "disk_cleanup", {"place": "tmp"}),
    ("restore web_conf", "config_restore", {"file": "web_conf"}),
    ("collect diagnostics", "diagnostics_collect", {}),
]


@pytest.mark.parametrize(("text", "remedy", "parameters"), UNDERSTOOD)
def test_words_that_name_one_remedy_are_understood(text, remedy, parameters):
    result = plan(make_request(text)).result
    assert isinstance(result, Proposal), result
    assert (result.steps[0].remedy, result.steps[0].parameters) == (remedy, parameters)
    assert result.confidence <= 0.6


NOT_UNDERSTOOD = [
    ("make it fast", "names no remedy"),
    ("cleanup", "could mean"),
    ("restart a service", "needs service"),
    ("restart web and db", "needs service"),
    ("restart web on beta", "beta"),
]


@pytest.mark.parametrize(("text", "why"), NOT_UNDERSTOOD)
def test_words_that_fit_several_or_none_are_asked_back(text, why):
    result = plan(make_request(text)).result
    assert isinstance(result, Abstention), result
    assert why in result.reason


def test_the_entry_that_is_named_finds_its_host():
    result = plan(make_request("restart db", hosts=ALL), mixed_fleet()).result
    assert result.steps == (make_step(SERVICE_RESTART, "beta", service="db"),)


def test_a_named_host_narrows_the_scope():
    result = plan(make_request("restart web on gamma", hosts=ALL)).result
    assert result.steps[0].hosts == ("gamma",)


def test_a_whole_fleet_is_not_changed_because_nobody_named_a_host():
    result = plan(make_request("restart web", hosts=ALL)).result
    assert isinstance(result, Abstention)
    assert "on which host?" in result.reason
    looked = plan(make_request("collect diagnostics", hosts=ALL)).result
    assert looked.steps[0].hosts == ALL


def test_hosts_that_were_chosen_on_purpose_are_all_meant():
    assert plan(make_request("restart web", hosts=("alpha", "beta"))).result.steps[0].hosts == ("alpha", "beta")
