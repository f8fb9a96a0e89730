"""Samples become detections when a symptom begins, again while it lasts, and signals that cleared when it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.detections import Signal
from core.errors import BadInput
from core.fleets import Fleet, FleetFile, Host
from core.samples import Condition, Phase, Sample
from core.severity import Severity
from core.symptoms import Symptom
from monitor.detect import Assessment, assess, symptoms_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTS = (Host(name="h1"), Host(name="h2"))


def fleet(**file: Any) -> Fleet:
    return Fleet(name="demo", folder=Path("/fleets/demo"), file=FleetFile(**file), hosts=HOSTS, policy_digest="0")


def symptom(id: str, sample: str | None, severity: str = "warning", **more: Any) -> Symptom:
    probe = None if sample is None else "host"
    return Symptom(id=id, title="Something", severity=Severity(severity), sample=sample, probe=probe, **more)


SYMPTOMS = {
    entry.id: entry
    for entry in (
        symptom("http_unhealthy", "http.ok", "critical", below=1, explained_by=("service_down", "host_unreachable")),
        symptom("service_down", "service.up", "critical", below=1, explained_by=("host_unreachable",)),
        symptom("host_unreachable", "host.reachable", "critical", below=1),
        symptom("disk_full", "disk.used", above=0.9, clear=0.85),
        symptom("disk_filling", "disk.used", "info", above=0.7, **{"for": "1m"}),
        symptom("log_flood", None),
    )
}


def sample(name: str, value: float, subject: str = "", host: str = "h1", **more: Any) -> Sample:
    return Sample(host=host, name=name, subject=subject, value=value, at=NOW, **more)


class Watch:
    """What the loop does between two sweeps: it keeps the conditions."""

    def __init__(self) -> None:
        self.conditions: dict[tuple[str, str, str], Condition] = {}

    def look(self, seconds: int, *samples: Sample, symptoms: dict[str, Symptom] = SYMPTOMS) -> Assessment:
        assessment = assess(fleet(), symptoms, samples, self.conditions, NOW + timedelta(seconds=seconds))
        for condition in assessment.conditions:
            self.conditions[condition.host, condition.symptom, condition.subject] = condition
        return assessment


def test_a_detection_says_what_was_seen() -> None:
    up = sample("service.up", 0, "web", service="web", evidence={"state": "FATAL", "unit": "web"})
    (detection,) = Watch().look(0, up).detections
    assert detection.signal == Signal("h1", "service_down", "web")
    assert (detection.fleet, detection.service, detection.source) == ("demo", "web", "sweep")
    assert detection.severity is Severity.CRITICAL
    assert detection.seen_at == NOW
    expected = {"sample": "service.up", "value": 0, "below": 1, "state": "FATAL", "unit": "web"}
    assert detection.evidence == expected


def test_what_lasts_is_reported_every_five_minutes() -> None:
    watch, down = Watch(), sample("service.up", 0, "web")
    reported = [seconds for seconds in range(0, 660, 30) if watch.look(seconds, down).detections]
    assert reported == [0, 300, 600]


def test_what_clears_is_told_once_and_may_begin_again() -> None:
    watch = Watch()
    watch.look(0, sample("service.up", 0, "web"))
    assert watch.look(10, sample("service.up", 1, "web")).cleared == (Signal("h1", "service_down", "web"),)
    after = watch.look(20, sample("service.up", 1, "web"))
    assert (after.cleared, after.conditions) == ((), ())
    assert watch.look(30, sample("service.up", 0, "web")).detections


def test_what_never_fired_does_not_clear() -> None:
    watch = Watch()
    first = watch.look(0, sample("disk.used", 0.8, "/"))
    assert [(condition.symptom, condition.phase) for condition in first.conditions] == [("disk_filling", Phase.PENDING)]
    second = watch.look(10, sample("disk.used", 0.1, "/"))
    assert second.cleared == ()
    assert [condition.phase for condition in second.conditions] == [Phase.CLEAR]


def test_one_sample_may_show_several_symptoms() -> None:
    watch = Watch()
    assert [it.symptom for it in watch.look(0, sample("disk.used", 0.95, "/")).detections] == ["disk_full"]
    assert [it.symptom for it in watch.look(60, sample("disk.used", 0.95, "/")).detections] == ["disk_filling"]


def test_causes_come_before_what_they_explain_and_then_the_worst_first() -> None:
    samples = (
        sample("disk.used", 0.95, "/"),
        sample("http.ok", 0, "web"),
        sample("service.up", 0, "web"),
        sample("host.reachable", 0, host="h2"),
        sample("service.up", 0, "db"),
    )
    found = [(it.symptom, it.subject) for it in Watch().look(0, *samples).detections]
    assert found == [
        ("host_unreachable", ""),
        ("disk_full", "/"),
        ("service_down", "db"),
        ("service_down", "web"),
        ("http_unhealthy", "web"),
    ]


def test_symptoms_that_explain_each_other_are_no_endless_loop() -> None:
    circle = {
        "one": symptom("one", "a", above=0, explained_by=("two",)),
        "two": symptom("two", "b", above=0, explained_by=("one", "gone")),
    }
    assert len(Watch().look(0, sample("a", 1), sample("b", 1), symptoms=circle).detections) == 2


def test_conditions_of_a_host_that_is_not_reached_stay_as_they_were() -> None:
    watch = Watch()
    watch.look(0, sample("service.up", 0, "web"))
    before = watch.conditions["h1", "service_down", "web"]
    lost = watch.look(10, sample("host.reachable", 0))
    assert [it.symptom for it in lost.detections] == ["host_unreachable"]
    assert lost.cleared == ()
    assert watch.conditions["h1", "service_down", "web"] == before
    back = watch.look(20, sample("host.reachable", 1), sample("service.up", 0, "web"))
    assert back.cleared == (Signal("h1", "host_unreachable", ""),)
    assert back.detections == ()


def test_a_fleets_own_levels() -> None:
    file = {"symptoms": {"disk_full": {"above": "95%", "for": "2m"}, "service_down": "off"}}
    symptoms = symptoms_of(fleet(**file), SYMPTOMS)
    assert (symptoms["disk_full"].above, symptoms["disk_full"].clear) == (0.95, None)
    assert symptoms["disk_full"].for_ == timedelta(minutes=2)
    assert "service_down" not in symptoms
    assert "service_down" in SYMPTOMS


def test_a_level_for_a_symptom_that_there_is_not_names_the_file_and_the_key() -> None:
    with pytest.raises(BadInput, match=r"/fleets/demo/fleet.yml: symptoms\.nosuch: no such symptom; there are: "):
        symptoms_of(fleet(symptoms={"nosuch": "off"}), SYMPTOMS)


@pytest.mark.parametrize(
    ("later", "cleared"),
    [
        ((sample("probe.ok", 1, "host"),), True),
        ((sample("probe.ok", 0, "host"),), False),
        ((sample("probe.ok", 1, "host"), sample("disk.used", 0.95, "/data")), False),
        ((sample("probe.ok", 1, "services"),), False),
        ((), False),
    ],
)
def test_what_its_probe_no_longer_speaks_of_is_gone(later: tuple[Sample, ...], cleared: bool) -> None:
    watch = Watch()
    watch.look(0, sample("disk.used", 0.95, "/data"))
    assert (watch.look(30, *later).cleared == (Signal("h1", "disk_full", "/data"),)) is cleared


def test_a_symptom_that_was_switched_off_clears() -> None:
    watch = Watch()
    watch.look(0, sample("disk.used", 0.95, "/data"))
    rest = {name: one for name, one in SYMPTOMS.items() if name != "disk_full"}
    assert watch.look(30, symptoms=rest).cleared == (Signal("h1", "disk_full", "/data"),)
