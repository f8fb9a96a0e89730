"""A sweep: one call to the Prober, a word about every host and probe, and rechecks that measure just what they need."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock
from core.detections import Signal
from core.errors import Retryable
from core.fleets import Fleet, FleetFile, Host
from core.samples import Reading, Sample, SignalState
from core.symptoms import Symptom
from monitor.recheck import SignalRecheck
from monitor.sweep import Sweeper

SERVICES = {"fleetmend_services": {"web": {}}}
FOLDERS = {"fleetmend_folders": {"logs": {"path": "/logs", "budget": 10}}}
CLOSED = {"fleetmend_tcp": {"web": {"port": 1, "address": "127.0.0.1"}}}


class House:
    """A Prober over hosts that exist only here: what each one answers is set by the test."""

    def __init__(self) -> None:
        self.calls: list[Mapping[str, str]] = []
        self.down: set[str] = set()
        self.values: dict[tuple[str, str, str], float] = {}
        """(host, sample, subject) -> value; a subject that is asked for and not set is 1."""

    def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
        self.calls.append(programs)
        return {host: self._answer(host, command) for host, command in programs.items()}

    def asked(self, host: str) -> list[str]:
        """The probes that the last call's program for *host* runs."""
        return [probe["id"] for probe in _request(self.calls[-1][host])["probes"]]

    def _answer(self, host: str, command: str) -> Reading:
        if host in self.down:
            return Reading(host=host, reachable=False, problem="No route to host")
        lines = []
        for probe in _request(command)["probes"]:
            subjects = next(iter(probe["arguments"].values()))
            name = {"services": "service.up", "folders": "folder.used"}[probe["id"]]
            items = [{"name": name, "subject": key, "value": self.values.get((host, name, key), 1)} for key in subjects]
            lines.append("fleetmend:" + json.dumps({"probe": probe["id"], "items": items}))
        return Reading(host=host, reachable=True, output="\n".join(lines))


def _request(command: str) -> dict[str, Any]:
    payload = re.search(r" (\S+) fleetmend-probe$", command)
    request: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(payload[1]))) if payload else {"probes": []}
    return request


def fleet(**hosts: Mapping[str, Any]) -> Fleet:
    made = tuple(Host(name=name, variables=dict(variables)) for name, variables in hosts.items())
    return Fleet(name="demo", folder=Path("/nowhere"), file=FleetFile(), hosts=made, policy_digest="0")


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def sweeper(house: House) -> Sweeper:
    return Sweeper(house, ManualClock())


def values(samples: tuple[Sample, ...]) -> dict[tuple[str, str, str], float | str]:
    found = {(sample.host, sample.name, sample.subject): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def test_one_call_for_all_hosts(house: House, sweeper: Sweeper) -> None:
    three = fleet(h1=SERVICES | FOLDERS, h2=SERVICES, h3={})
    house.values["h2", "service.up", "web"] = 0
    found = values(sweeper.measure(three, ["services", "folders"], three.host_names, {}))
    assert len(house.calls) == 1
    assert found == {
        ("h1", "host.reachable", ""): 1,
        ("h1", "service.up", "web"): 1,
        ("h1", "folder.used", "logs"): 1,
        ("h1", "probe.ok", "services"): 1,
        ("h1", "probe.ok", "folders"): 1,
        ("h2", "host.reachable", ""): 1,
        ("h2", "service.up", "web"): 0,
        ("h2", "probe.ok", "services"): 1,
        ("h2", "probe.ok", "folders"): 1,
        ("h3", "host.reachable", ""): 1,
        ("h3", "probe.ok", "services"): 1,
        ("h3", "probe.ok", "folders"): 1,
    }


def test_a_host_that_is_not_reached_says_that_alone_and_the_others_count(house: House, sweeper: Sweeper) -> None:
    house.down = {"h1"}
    samples = sweeper.measure(fleet(h1=SERVICES, h2=SERVICES), ["services"], ["h1", "h2"], {})
    assert [(s.name, s.value, s.evidence) for s in samples if s.host == "h1"] == [
        ("host.reachable", 0, {"error": "No route to host"})
    ]
    assert ("h2", "service.up", "web") in values(samples)


def test_a_host_that_the_prober_forgets_is_not_reached(sweeper: Sweeper) -> None:
    class Forgetful:
        def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
            return {}

    samples = Sweeper(Forgetful(), ManualClock()).measure(fleet(h1=SERVICES), ["services"], ["h1"], {})
    assert values(samples) == {("h1", "host.reachable", ""): 0}


def test_what_the_controller_measures_needs_no_call(house: House, sweeper: Sweeper) -> None:
    found = values(sweeper.measure(fleet(h1=CLOSED), ["tcp", "http"], ["h1"], {}))
    assert house.calls == []
    assert found == {("h1", "tcp.open", "web"): 0, ("h1", "probe.ok", "tcp"): 1, ("h1", "probe.ok", "http"): 1}


def test_from_outside_a_host_that_is_not_reached_is_still_seen(house: House, sweeper: Sweeper) -> None:
    house.down = {"h1"}
    found = values(sweeper.measure(fleet(h1=CLOSED | SERVICES), ["tcp", "services"], ["h1"], {}))
    assert found == {
        ("h1", "host.reachable", ""): 0,
        ("h1", "tcp.open", "web"): 0,
        ("h1", "probe.ok", "tcp"): 1,
    }


def test_only_the_hosts_that_were_named_are_asked(house: House, sweeper: Sweeper) -> None:
    sweeper.measure(fleet(h1=SERVICES, h2=SERVICES), ["services"], ["h2", "gone"], {})
    assert set(house.calls[0]) == {"h2"}


def test_a_probe_that_nobody_knows_is_not_ok_and_the_others_count(sweeper: Sweeper) -> None:
    found = values(sweeper.measure(fleet(h1=SERVICES), ["nosuch", "services"], ["h1"], {}))
    assert found["h1", "probe.ok", "nosuch"] == 0
    assert found["h1", "service.up", "web"] == 1


def test_a_bad_entry_for_the_controller_is_not_ok_and_the_others_count(sweeper: Sweeper) -> None:
    variables = {"fleetmend_tcp": CLOSED["fleetmend_tcp"] | {"bad": {"port": "http"}}}
    samples = sweeper.measure(fleet(h1=variables), ["tcp"], ["h1"], {})
    assert values(samples) == {("h1", "tcp.open", "web"): 0, ("h1", "probe.ok", "tcp"): 0}
    assert "fleetmend_tcp.bad: port: " in str(samples[-1].evidence["error"])


def test_a_prober_that_fails_is_not_hidden() -> None:
    class Broken:
        def probe(self, fleet: Fleet, programs: Mapping[str, str]) -> Mapping[str, Reading]:
            raise Retryable("Ansible did not start")

    with pytest.raises(Retryable, match="did not start"):
        Sweeper(Broken(), ManualClock()).measure(fleet(h1=SERVICES | CLOSED), ["services", "tcp"], ["h1"], {})


# --- recheck ---


def symptom(id: str, sample: str | None, probe: str | None, **level: Any) -> Symptom:
    return Symptom(id=id, title="Something", sample=sample, probe=probe, **level)


SYMPTOMS = {
    entry.id: entry
    for entry in (
        symptom("service_down", "service.up", "services", below=1),
        symptom("folder_over_budget", "folder.used", "folders", above=1.0, clear=0.9, **{"for": "10m"}),
        symptom("port_closed", "tcp.open", "tcp", below=1),
        symptom("host_unreachable", "host.reachable", "host", below=1),
        symptom("probe_failing", "probe.ok", "host", below=1),
        symptom("log_flood", None, None),
    )
}


@pytest.fixture
def recheck(sweeper: Sweeper) -> SignalRecheck:
    return SignalRecheck(sweeper, lambda fleet: SYMPTOMS, dict)


DOWN, FULL = Signal("h1", "service_down", "web"), Signal("h2", "folder_over_budget", "logs")
BOTH = fleet(h1=SERVICES | FOLDERS | CLOSED, h2=SERVICES | FOLDERS, h3=SERVICES)


def test_just_what_is_needed_is_measured(house: House, recheck: SignalRecheck) -> None:
    house.values["h2", "folder.used", "logs"] = 0.5
    assert recheck.check(BOTH, [DOWN, FULL]) == {DOWN: SignalState.CLEAR, FULL: SignalState.CLEAR}
    assert set(house.calls[0]) == {"h1", "h2"}
    assert (house.asked("h1"), house.asked("h2")) == (["services"], ["folders"])


@pytest.mark.parametrize(("value", "state"), [(1.2, "firing"), (0.95, "firing"), (0.9, "clear")])
def test_the_clear_level_counts_and_the_time_does_not(
    house: House, recheck: SignalRecheck, value: float, state: str
) -> None:
    house.values["h2", "folder.used", "logs"] = value
    assert recheck.check(BOTH, [FULL]) == {FULL: state}


@pytest.mark.parametrize(
    "signal",
    [
        Signal("h1", "nosuch", ""),
        Signal("h1", "log_flood", "web"),
        Signal("gone", "service_down", "web"),
        Signal("h1", "service_down", "nosuch"),
        Signal("h3", "folder_over_budget", "logs"),
    ],
)
def test_what_can_not_be_measured_is_unknown(recheck: SignalRecheck, signal: Signal) -> None:
    assert recheck.check(BOTH, [signal, DOWN]) == {signal: SignalState.UNKNOWN, DOWN: SignalState.CLEAR}


def test_a_host_that_is_not_reached_is_unknown_but_for_that_itself(house: House, recheck: SignalRecheck) -> None:
    reach = Signal("h1", "host_unreachable", "")
    assert recheck.check(BOTH, [reach]) == {reach: SignalState.CLEAR}
    assert house.calls[-1] == {"h1": "true"}
    house.down = {"h1"}
    assert recheck.check(BOTH, [reach, DOWN]) == {reach: SignalState.FIRING, DOWN: SignalState.UNKNOWN}


def test_what_is_seen_from_outside_needs_no_prober(house: House, recheck: SignalRecheck) -> None:
    closed = Signal("h1", "port_closed", "web")
    assert recheck.check(BOTH, [closed]) == {closed: SignalState.FIRING}
    assert house.calls == []


def test_a_failing_probe_is_taken_again(house: House, recheck: SignalRecheck) -> None:
    failing = Signal("h1", "probe_failing", "folders")
    assert recheck.check(BOTH, [failing]) == {failing: SignalState.CLEAR}
    assert house.asked("h1") == ["folders"]
    forgotten = Signal("h1", "probe_failing", "nosuch")
    assert recheck.check(BOTH, [forgotten]) == {forgotten: SignalState.FIRING}


def test_nothing_asked_is_nothing_measured(house: House, recheck: SignalRecheck) -> None:
    assert recheck.check(BOTH, []) == {}
    assert house.calls == []
