"""Alerts from outside: whatever a source sends, nothing is lost, and what it comes to can be seen."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.detections import Signal
from core.settings import CHECKOUT
from core.states import State
from loop.hooks import Hooks
from tests.hooks import KUMA, TOKEN, Door, alert, group, open_door
from tests.stores import detection

CASES = CHECKOUT / "tests" / "cases"
EXAMPLES = CHECKOUT / "docs" / "examples" / "alerts"
SAID = yaml.safe_load((CASES / "alert_examples.yml").read_text())
BAD = yaml.safe_load((CASES / "bad_alerts.yml").read_text())
KUMA_SOURCE = yaml.safe_load((EXAMPLES / "sources.yml").read_text())["uptime-kuma"]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as one:
        yield one


@pytest.mark.parametrize("name", sorted(SAID))
def test_every_example_comes_to_what_it_says(name: str, tmp_path: Path) -> None:
    sources = yaml.safe_load((EXAMPLES / "sources.yml").read_text())
    with open_door(tmp_path, sources) as door:
        hooks: Hooks = door.house.loop.hooks
        assert set(hooks.sources()) == set(SAID)
        placed = hooks.dry_run(name, (EXAMPLES / f"{name}.json").read_bytes())
        assert [one.unmapped for one in placed] == [None] * len(SAID[name])
        assert [one.told.firing for one in placed] == [True] * len(SAID[name])
        found = [one.detection.model_dump(mode="json") for one in placed]
        assert [{key: one[key] for key in wanted} for one, wanted in zip(found, SAID[name], strict=True)] == SAID[name]
        assert door.incidents() == []


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_bad_input_has_a_clear_answer_or_a_visible_incident(case: dict[str, Any], door: Door) -> None:
    body = case.get("body")
    if body is None:
        common = {"status": "firing", "startsAt": "2026-01-01T00:00:00Z"}
        body = group(*(common | one if isinstance(one, dict) else one for one in case["alerts"]))
    answer = door.send(body)
    if "nothing" in case:
        assert {key: answer[key] for key in case["nothing"]} == case["nothing"]
        assert door.incidents() == []
        return
    incident = door.incident()
    if "unmapped" in case:
        assert (incident.symptom, incident.state) == ("unmapped", State.ESCALATED)
        assert case["unmapped"] in incident.reason
        assert answer["unmapped"] == 1
    else:
        assert {key: getattr(incident, key) for key in case["maps"]} == case["maps"]
    door.send(body)
    assert len(door.incidents()) == 1
    door.holds_together()


def test_an_alert_is_healed_and_verified_by_its_own_end(door: Door) -> None:
    failed = alert("NodeSystemdServiceFailed", labels={"name": "web.service"})
    sources = {"alertmanager": {"kind": "alertmanager", "secret": {"env": "FLEETMEND_ALERTMANAGER_TOKEN"}}}
    sources["alertmanager"]["alerts"] = {"NodeSystemdServiceFailed": {"symptom": "service_down", "subject": "name"}}
    (door.house.content / "inventory" / "sources.yml").write_text(yaml.safe_dump(sources))
    door.send(group(failed))
    opened = door.incident()
    assert (opened.symptom, opened.subject, opened.service) == ("service_down", "web", "web")
    door.house.settle_down(timedelta(seconds=30))
    assert [step.remedy for step in door.house.world.executed] == ["restart"]
    # The world is well, and a measurement would say so; but the alert fires still, and it is all that there was.
    assert door.incident().state is State.VERIFYING
    over = failed | {"status": "resolved", "endsAt": "2026-01-01T00:01:00Z"}
    assert door.send(group(over))["resolved"] == 1
    door.house.settle_down(timedelta(minutes=2))
    healed = door.incident()
    assert healed.state is State.RESOLVED
    assert "healed by" in healed.reason
    door.holds_together()


def test_an_alert_that_goes_on_is_no_proof_of_healing(door: Door) -> None:
    sources = {"alertmanager": {"kind": "alertmanager", "secret": {"env": "FLEETMEND_ALERTMANAGER_TOKEN"}, "lag": "1m"}}
    sources["alertmanager"]["alerts"] = {"WebDown": {"symptom": "service_down", "subject": "name"}}
    (door.house.content / "inventory" / "sources.yml").write_text(yaml.safe_dump(sources))
    door.send(group(alert("WebDown", labels={"name": "web"})))
    door.house.settle_down(timedelta(minutes=30))
    assert door.incident().state is State.ESCALATED
    assert [step.remedy for step in door.house.world.executed] == ["restart", "repair"]
    waited = door.house.journal("incident.state")
    assert any("it had 2m to clear" in entry["reason"] for entry in waited)


def test_what_is_over_ends_what_waits(door: Door) -> None:
    one, other = alert("NodeFilesystemAlmostOutOfSpace", labels={"mountpoint": "/var"}), None
    other = alert("NodeFilesystemAlmostOutOfSpace", labels={"mountpoint": "/var", "severity": "warning"})
    door.send(group(one, other))
    door.house.settle_down()
    assert door.incident().state is State.ESCALATED  # nothing treats it here
    over = {"status": "resolved", "endsAt": "2026-01-01T00:09:00Z"}
    door.send(group(one | over))
    assert door.incident().state is State.ESCALATED  # the other rule still fires for the same disk
    door.send(group(other | over))
    assert door.incident().state is State.RESOLVED
    assert "its alert is over" in door.incident().reason
    door.holds_together()


def test_what_is_measured_to_fire_is_not_ended_by_an_alert(door: Door) -> None:
    found = detection(door.house.clock, symptom="memory_full", subject="", service=None)
    door.house.world.broken.add(Signal("h1", "memory_full", ""))
    door.house.loop.intake.accept([found])
    door.send(group(alert()))
    assert door.incident().detections == 2
    store = door.house.loop.context.store
    [signal] = store.incidents.signals(door.incident().id)
    assert store.alerts.states("demo", [signal]) == {}  # a probe has seen it, so a probe is asked


def test_a_thousand_times_the_same_is_one_incident_with_one_detection(door: Door) -> None:
    for _ in range(5):
        door.send(group(*[alert()] * 200))
    assert door.incident().detections == 1
    [known] = door.house.loop.context.store.alerts.newest()
    assert known.count == 1000


def test_an_alert_that_lasts_is_reported_again_now_and_then(door: Door) -> None:
    door.send(group(alert()))
    door.house.clock.advance(timedelta(minutes=6))
    assert door.send(group(alert()))["fires"] == 1
    assert door.incident().detections == 2


def test_a_notification_that_comes_late_opens_nothing(door: Door) -> None:
    over = alert(status="resolved", endsAt="2026-01-01T00:05:00Z")
    door.send(group(over))
    assert door.send(group(alert()))["over"] == 1
    assert door.incidents() == []
    # Later it is believed: Alertmanager takes an alert for over that it did not hear of for a while.
    door.house.clock.advance(timedelta(minutes=5))
    door.send(group(alert()))
    assert door.incident().symptom == "memory_full"


def test_an_old_end_does_not_end_what_began_since(door: Door) -> None:
    door.send(group(alert(startsAt="2026-01-01T02:00:00Z")))
    assert door.send(group(alert(status="resolved", endsAt="2026-01-01T01:00:00Z")))["over"] == 1
    assert door.incident().ended_at is None


def test_the_clock_may_jump(door: Door) -> None:
    door.send(group(alert()))
    door.house.clock.advance(timedelta(days=-2))
    door.send(group(alert()))
    door.house.clock.advance(timedelta(days=900))
    door.send(group(alert()))
    assert door.incident().detections == 3
    door.send(group(alert(status="resolved", endsAt="2025-12-31T00:00:00Z")))  # a sender's clock may be off, too
    door.send(group(alert(status="resolved", endsAt="2026-01-02T00:00:00Z")))
    assert door.incident().state is State.RESOLVED


def test_what_flaps_is_held_until_it_is_calm_and_says_so(door: Door) -> None:
    for number in range(8):
        at = f"2026-01-01T01:{number:02}:00Z"
        if number % 2:
            last = door.send(group(alert(status="resolved", endsAt=at)))
        else:
            door.send(group(alert(startsAt=at)))
        door.house.clock.advance(timedelta(seconds=20))
    assert last["held"] == 1
    assert len(door.house.journal("alert.flaps")) == 1
    live = door.incidents(live=True)
    assert [one.symptom for one in live] == ["memory_full"]
    assert len(door.incidents()) == 3
    door.house.loop.outside.look_now()
    assert door.incidents(live=True) == live
    door.house.clock.advance(timedelta(minutes=11))
    door.house.loop.outside.look_now()
    assert door.incidents(live=True) == []
    door.holds_together()


def test_an_alert_that_can_be_mapped_by_now_becomes_what_it_is(door: Door) -> None:
    door.send(group(alert("WebDown", labels={"name": "web"})))
    assert door.incident().symptom == "unmapped"
    sources = {"alertmanager": {"kind": "alertmanager", "secret": {"env": "FLEETMEND_ALERTMANAGER_TOKEN"}}}
    sources["alertmanager"]["alerts"] = {"WebDown": {"symptom": "service_down", "subject": "name"}}
    (door.house.content / "inventory" / "sources.yml").write_text(yaml.safe_dump(sources))
    door.house.clock.advance(timedelta(minutes=2))
    door.house.loop.outside.look_now()
    states = {one.symptom: one.state for one in door.incidents()}
    assert states == {"unmapped": State.RESOLVED, "service_down": State.OPEN}
    door.holds_together()


def test_a_wrong_secret_is_turned_away_counted_and_journalled_once(door: Door) -> None:
    for _ in range(50):
        door.send(group(alert()), status=401, Authorization="Bearer something-else")
    door.send(group(alert()), status=401, Authorization=f"Basic {TOKEN}")
    door.send(group(alert()), status=401, Nothing="at-all")
    door.send(group(alert()), source="nobody", status=404)
    assert door.incidents() == []
    assert len(door.house.journal("source.refused")) == 1
    assert door.house.loop.context.store.sources.all()["alertmanager"].refused == 52
    assert TOKEN not in json.dumps(door.house.journal("source.refused"))


def test_a_retry_of_the_same_body_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPTIME_KUMA_TOKEN", KUMA)
    body = (EXAMPLES / "uptime-kuma.json").read_bytes()
    with open_door(tmp_path, {"uptime-kuma": KUMA_SOURCE}) as door:
        first = door.send(body, "uptime-kuma", **{"X-Fleetmend-Token": KUMA})
        again = door.send(body, "uptime-kuma", **{"X-Fleetmend-Token": KUMA})
        assert (first["again"], again["again"]) == (False, True)
        assert door.incident().detections == 1
        up = json.loads(body)
        up["heartbeat"]["status"] = 1
        door.send(up, "uptime-kuma", **{"X-Fleetmend-Token": KUMA})
        assert door.incident().state is State.RESOLVED


@pytest.mark.parametrize(
    ("skew", "tampered", "status"), [(0, b"", 200), (-290, b"", 200), (-301, b"", 401), (0, b" ", 401)]
)
def test_a_signature_binds_the_body_and_the_time(
    skew: int, tampered: bytes, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = yaml.safe_load((EXAMPLES / "sources.yml").read_text())
    monkeypatch.setenv("GRAFANA_SECRET", "a-secret-of-grafana")
    body = (EXAMPLES / "grafana.json").read_bytes()
    with open_door(tmp_path, sources) as door:
        said = str(int(door.house.clock.now().timestamp()) + skew)
        signed = hmac.new(b"a-secret-of-grafana", f"{said}:".encode() + body, hashlib.sha256).hexdigest()
        given = {"X-Grafana-Alerting-Signature": signed, "X-Grafana-Alerting-Timestamp": said}
        door.send(body + tampered, "grafana", status, **given)


def test_a_mapping_that_fails_makes_an_incident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPTIME_KUMA_TOKEN", KUMA)
    broken = KUMA_SOURCE | {"map": KUMA_SOURCE["map"] | {"host": "abs(monitor.name)"}}
    with open_door(tmp_path, {"uptime-kuma": broken}) as door:
        door.send((EXAMPLES / "uptime-kuma.json").read_bytes(), "uptime-kuma", **{"X-Fleetmend-Token": KUMA})
        assert "map.host: the expression failed" in door.incident().reason


def test_what_is_no_json_gets_a_clear_answer(door: Door) -> None:
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nonsense"):
        answer = door.send(body, status=422)
        assert "not JSON" in answer["detail"]
    assert door.incidents() == []


def test_a_megabyte_of_annotations_is_taken(door: Door) -> None:
    door.send(group(alert(annotations={"summary": "a" * 1_200_000, "description": "{{" * 1000})))
    incident = door.incident()
    assert incident.symptom == "memory_full"
    assert max(len(str(value)) for value in incident.evidence.values()) <= 500


def test_what_is_too_large_is_turned_away_and_seen(door: Door) -> None:
    huge = b" " * 16_000_001
    door.send(huge, status=401, Authorization="Bearer wrong")
    assert door.incidents() == []
    door.send(huge, status=413)
    assert "was turned away" in door.incident().reason


def test_a_broken_sources_file_loses_nothing(door: Door) -> None:
    place = door.house.content / "inventory" / "sources.yml"
    place.write_text("alertmanager: {kind: nonsense}")
    door.send(group(alert()), status=503)  # it is sent again later
    place.unlink()
    door.send(group(alert()))
    place.write_text("alertmanager: {kind: nonsense}")
    door.send(group(alert(host="h2")))  # as it was before the mistake
    assert len(door.incidents()) == 2
