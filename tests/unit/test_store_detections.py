"""Folding: every accepted detection is in exactly one incident, and a problem has one live incident."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from core.detections import Detection
from core.severity import Severity
from core.states import State
from core.symptoms import Symptom
from store.detections import Accepted
from store.store import Store
from tests.stores import detection, new_store

SYMPTOMS = {
    "http_unhealthy": Symptom(id="http_unhealthy", title="Unhealthy", explained_by=("service_down",), transient=True),
    "port_closed": Symptom(id="port_closed", title="Closed", transient=True),
    "host_unreachable": Symptom(id="host_unreachable", title="Away", transient=True),
    "log_flood": Symptom(id="log_flood", title="A flood"),
}


def accept(store: Store, *found: Detection) -> list[Accepted]:
    with store.write() as tx:
        return store.detections.accept(tx, found, SYMPTOMS)


def test_the_same_problem_folds(store: Store, clock: ManualClock) -> None:
    first, second = accept(store, detection(clock), detection(clock, severity=Severity.CRITICAL))
    assert (first.opened, second.opened) == (True, False)
    incident = store.incidents.get(first.incident_id)
    assert (incident.detections, incident.severity) == (2, Severity.CRITICAL)


def test_a_symptom_folds_into_what_explains_it(store: Store, clock: ManualClock) -> None:
    cause, effect = accept(store, detection(clock), detection(clock, symptom="http_unhealthy"))
    assert effect.incident_id == cause.incident_id
    assert len(store.incidents.signals(cause.incident_id)) == 2


def test_another_service_is_another_problem(store: Store, clock: ManualClock) -> None:
    cause, effect = accept(store, detection(clock), detection(clock, symptom="http_unhealthy", service="api"))
    assert effect.incident_id != cause.incident_id


def test_after_a_rejection_the_problem_is_quiet_until_it_clears(store: Store, clock: ManualClock) -> None:
    [first] = accept(store, detection(clock))
    incident = store.incidents.get(first.incident_id)
    with store.write() as tx:
        incident = store.incidents.move(tx, incident, State.PLANNED, "x")
        store.incidents.move(tx, incident, State.REJECTED, "no", mute_until=clock.now() + timedelta(hours=1))
    [muted] = accept(store, detection(clock))
    assert (muted.incident_id, muted.opened) == (first.incident_id, False)
    with store.write() as tx:
        store.incidents.unmute_all(tx, "demo", [detection(clock).signal])
    [again] = accept(store, detection(clock))
    assert again.opened


def test_a_mute_ends_with_its_time(store: Store, clock: ManualClock) -> None:
    [first] = accept(store, detection(clock))
    with store.write() as tx:
        incident = store.incidents.move(tx, store.incidents.get(first.incident_id), State.PLANNED, "x")
        store.incidents.move(tx, incident, State.REJECTED, "no", mute_until=clock.now() + timedelta(minutes=1))
    clock.advance(timedelta(minutes=2))
    assert accept(store, detection(clock))[0].opened


def test_a_look_from_before_the_fix_opens_nothing(store: Store, clock: ManualClock) -> None:
    late = detection(clock)
    [first] = accept(store, detection(clock))
    clock.advance(timedelta(seconds=5))
    with store.write() as tx:
        store.incidents.move(tx, store.incidents.get(first.incident_id), State.RESOLVED, "healed")
    assert accept(store, late) == [Accepted(late, first.incident_id, opened=False)]
    clock.advance(timedelta(seconds=1))
    assert accept(store, detection(clock))[0].opened


NAMES = st.sampled_from(["service_down", "http_unhealthy", "disk_full"])
STEPS = st.lists(st.tuples(NAMES, st.sampled_from(["h1", "h2"]), st.booleans()), max_size=12)


@pytest.mark.usefixtures("engine")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_every_detection_is_in_one_incident_whatever_comes(steps: list[tuple[str, str, bool]]) -> None:
    clock = ManualClock()
    with new_store(clock) as store:
        ids: list[str] = []
        for symptom, host, ends in steps:
            clock.advance(timedelta(seconds=1))
            [accepted] = accept(store, detection(clock, symptom=symptom, host=host))
            ids.append(accepted.detection.id)
            incident = store.incidents.get(accepted.incident_id)
            if ends:
                with store.write() as tx:
                    store.incidents.move(tx, incident, State.RESOLVED, "cleared")
        incidents = store.incidents.newest()
        places = Counter(one.id for incident in incidents for one in store.detections.of(incident.id))
        assert places == Counter(ids)
        live = Counter(incident.fingerprint for incident in incidents if not incident.state.terminal)
        assert all(count == 1 for count in live.values())
        assert store.proof().violation is None


def test_what_a_treatment_causes_on_its_service_has_to_clear_with_it(store: Store, clock: ManualClock) -> None:
    [treated] = accept(store, detection(clock, symptom="config_drift", subject="web_conf"))
    with store.write() as tx:
        incident = store.incidents.get(treated.incident_id)
        for state in (State.PLANNED, State.APPROVED, State.RUNNING):
            incident = store.incidents.move(tx, incident, state, "x")
    folded, elsewhere, another = accept(
        store,
        detection(clock, symptom="port_closed"),
        detection(clock, symptom="port_closed", service="db", subject="db"),
        detection(clock, symptom="log_flood"),
    )
    assert (folded.incident_id, folded.opened) == (treated.incident_id, False)
    assert (elsewhere.opened, another.opened) == (True, True)


def running(store: Store, found: Detection) -> Accepted:
    """The incident of *found*, with a remedy at work on it."""
    [treated] = accept(store, found)
    with store.write() as tx:
        incident = store.incidents.get(treated.incident_id)
        for state in (State.PLANNED, State.APPROVED, State.RUNNING):
            incident = store.incidents.move(tx, incident, state, "x")
    return treated


def test_what_a_reboot_causes_on_its_host_has_to_clear_with_it(store: Store, clock: ManualClock) -> None:
    treated = running(store, detection(clock, symptom="reboot_required", subject="", service=None))
    gone = detection(clock, symptom="host_unreachable", subject="", service=None)
    closed, away, elsewhere, another = accept(
        store,
        detection(clock, symptom="port_closed"),
        gone,
        detection(clock, symptom="port_closed", host="h2"),
        detection(clock, symptom="log_flood"),
    )
    assert {closed.incident_id, away.incident_id} == {treated.incident_id}
    assert (elsewhere.opened, another.opened) == (True, True)


def test_a_cure_of_one_thing_on_a_host_is_no_reason_for_the_host_to_go_away(store: Store, clock: ManualClock) -> None:
    running(store, detection(clock, symptom="disk_full", subject="/", service=None))
    [away] = accept(store, detection(clock, symptom="host_unreachable", subject="", service=None))
    assert away.opened
