"""Retention: what is old goes, what is needed stays, and the proof knows the one from the other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import NotFound
from core.incidents import Incident
from core.outcomes import Outcome, Verdict
from core.runs import Run, RunEvent, RunResult, RunStatus
from core.states import State
from core.symptoms import Symptom
from store.sealing import CHECKPOINT
from store.store import Store
from tests.engines import execute_raw, rows_of
from tests.stores import detection, proposal

DAY = timedelta(days=1)
MANY = 10_000
_PORT_CLOSED = Symptom(id="port_closed", title="A port is closed", explained_by=("service_down",))


def opened(store: Store, clock: ManualClock, host: str = "h1", times: int = 1) -> Incident:
    with store.write() as tx:
        accepted = store.detections.accept(tx, [detection(clock, host=host) for _ in range(times)], {})
    return store.incidents.get(accepted[0].incident_id)


def ended(store: Store, clock: ManualClock, host: str = "h1") -> Incident:
    """An incident with everything that one can have, resolved."""
    incident = opened(store, clock, host, times=3)
    with store.write() as tx:
        plan = store.plans.add(tx, incident, proposal(host), policy_digest="p", bound={"host h1": "i"})
        incident = store.incidents.move(tx, incident, State.PLANNED, "planned", plan_id=plan.id)
        incident = store.incidents.move(tx, incident, State.APPROVED, "approved")
        run = Run(
            id=f"run-{plan.id}",
            incident_id=incident.id,
            plan_id=plan.id,
            step=0,
            remedy="service_restart",
            fleet="demo",
            hosts=(host,),
            parameters={},
            status=RunStatus.STARTING,
            worker="w",
            started_at=clock.now(),
        )
        store.runs.begin(tx, run)
        incident = store.incidents.move(tx, incident, State.RUNNING, "running")
        store.runs.end(tx, run, RunResult(status=RunStatus.SUCCESSFUL))
        outcome = Outcome(
            id=f"out-{plan.id}",
            incident_id=incident.id,
            plan_id=plan.id,
            fleet="demo",
            host=host,
            symptom="service_down",
            subject="web",
            remedy="service_restart",
            parameters={},
            proposer="rules",
            verdict=Verdict.HEALED,
            reason="clear",
            detect_seconds=1,
            run_seconds=1,
            heal_seconds=1,
            at=clock.now(),
        )
        store.outcomes.add(tx, outcome)
        incident = store.incidents.move(tx, incident, State.VERIFYING, "ran")
        incident = store.incidents.move(tx, incident, State.RESOLVED, "healed")
    store.runs.record(RunEvent(run_id=run.id, seq=1, at=clock.now(), kind="task", host=host, task="t", detail=None))
    return incident


def rows(folder: Path, table: str) -> int:
    return len(rows_of(folder, table))


def test_an_old_incident_goes_with_all_that_is_its_own(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    old = ended(store, clock)
    clock.advance(91 * DAY)
    young, live = ended(store, clock, "h2"), opened(store, clock, "h3")
    assert store.retention.prune_incidents(90 * DAY, MANY) == 1
    with pytest.raises(NotFound):
        store.incidents.get(old.id)
    assert {store.incidents.get(one.id).id for one in (young, live)} == {young.id, live.id}
    assert [rows(tmp_path, table) for table in ("plans", "runs", "run_hosts", "run_events")] == [1, 1, 1, 1]
    assert store.proof().violation is None
    assert store.detections.count() == 7
    assert len(store.outcomes.newest(symptom="service_down")) == 2, "lessons still need the outcome"
    assert store.retention.prune_outcomes(90 * DAY) == 1


def test_of_too_many_the_oldest_go_but_none_of_the_last_day(store: Store, clock: ManualClock) -> None:
    for number in range(5):
        ended(store, clock, f"h{number}")
        clock.advance(timedelta(hours=10))
    assert store.retention.prune_incidents(90 * DAY, 1) == 3
    assert sorted(one.host for one in store.incidents.newest()) == ["h3", "h4"]
    assert store.proof().violation is None


def test_an_incident_that_mutes_stays_until_it_does_no_more(store: Store, clock: ManualClock) -> None:
    incident = opened(store, clock)
    with store.write() as tx:
        incident = store.incidents.move(tx, incident, State.PLANNED, "x")
        store.incidents.move(tx, incident, State.REJECTED, "no", mute_until=clock.now() + 10 * DAY)
    clock.advance(5 * DAY)
    assert store.retention.prune_incidents(DAY, MANY) == 0
    clock.advance(6 * DAY)
    assert store.retention.prune_incidents(DAY, MANY) == 1
    assert store.proof().violation is None


def test_events_go_before_their_run(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    ended(store, clock)
    clock.advance(15 * DAY)
    assert store.retention.prune_events(14 * DAY) == 1
    assert (rows(tmp_path, "run_events"), rows(tmp_path, "runs")) == (0, 1)


def test_a_live_incident_keeps_a_detection_of_each_signal(store: Store, clock: ManualClock) -> None:
    incident = opened(store, clock, times=4)
    with store.write() as tx:
        other = detection(clock, symptom="port_closed", subject="80")
        store.detections.accept(tx, [other, other.evolve(id="det-2")], {"port_closed": _PORT_CLOSED})
    before = store.incidents.signals(incident.id)
    done = ended(store, clock, "h2")
    clock.advance(15 * DAY)
    assert store.retention.prune_detections(14 * DAY) == 3 + 1 + 3
    assert store.incidents.signals(incident.id) == before
    assert len(before) == 2
    assert store.detections.of(done.id) == []
    assert store.detections.count() == 9, "what was accepted stays counted"
    assert store.proof().violation is None


def test_claims_go(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    store.ticks.claim("sweep", clock.now())
    store.leases.take_now("incident:x", "me", timedelta(seconds=30))
    clock.advance(5 * DAY)
    assert store.ticks.claim("other", clock.now())
    assert store.retention.prune_claims(2 * DAY) == 1
    assert (rows(tmp_path, "leases"), rows(tmp_path, "ticks")) == (0, 1)


def cut_once(store: Store, clock: ManualClock) -> Incident:
    """A store whose journal was cut, and a live incident from before the cut."""
    live = opened(store, clock, "old")
    ended(store, clock, "pruned")
    clock.advance(100 * DAY)
    assert store.retention.prune_incidents(90 * DAY, MANY) == 1
    ended(store, clock, "young")
    assert store.retention.cut_journal(50 * DAY, least=1) > 5
    return live


def test_the_journal_is_cut_and_proved_from_there(store: Store, clock: ManualClock) -> None:
    live = cut_once(store, clock)
    first = next(store.journal.entries())
    assert first.seq > 5
    assert store.proof().violation is None
    with store.write() as tx:
        store.incidents.move(tx, live, State.ESCALATED, "goes on")
    assert store.proof().violation is None
    clock.advance(100 * DAY)
    opened(store, clock, "last")
    assert store.retention.cut_journal(50 * DAY, least=1) > 0
    assert store.proof().violation is None
    assert [entry.kind for entry in store.journal.entries()].count(CHECKPOINT) == 1, "the newest one stands for all"


def test_a_few_entries_are_not_worth_a_checkpoint(store: Store, clock: ManualClock) -> None:
    opened(store, clock)
    clock.advance(500 * DAY)
    assert store.retention.cut_journal(400 * DAY) == 0


TAMPERING = {
    "the first entry that is left was removed": "DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal)",
    "the checkpoint was removed": "DELETE FROM journal WHERE kind = 'journal.checkpoint'",
    "the checkpoint was changed": "UPDATE journal SET body = replace(body, 'open', 'planned')"
    " WHERE kind = 'journal.checkpoint'",
    "an incident was removed and not pruned": "DELETE FROM incidents WHERE host = 'young'",
    "a live one from before the cut was removed": "DELETE FROM incidents WHERE host = 'old'",
    "a live one from before the cut was changed": "UPDATE incidents SET state = 'escalated' WHERE host = 'old'",
    "the note that one was pruned was removed": "DELETE FROM journal WHERE kind = 'incident.pruned'",
}


@pytest.mark.parametrize("statements", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found_behind_a_cut(store: Store, clock: ManualClock, tmp_path: Path, statements: str) -> None:
    cut_once(store, clock)
    assert store.proof().violation is None
    before = rows(tmp_path, "journal"), rows(tmp_path, "incidents")
    execute_raw(tmp_path, statements)
    changed = (rows(tmp_path, "journal"), rows(tmp_path, "incidents")) != before or "UPDATE" in statements
    assert changed, "the statement did something"
    assert store.proof().violation is not None


def test_a_pruned_incident_that_is_there_again_is_found(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    incident = ended(store, clock)
    clock.advance(91 * DAY)
    execute_raw(tmp_path, "CREATE TABLE aside AS SELECT * FROM incidents")
    assert store.retention.prune_incidents(90 * DAY, MANY) == 1
    execute_raw(tmp_path, "INSERT INTO incidents SELECT * FROM aside")
    assert incident.id in str(store.proof().violation)


def test_a_checkpoint_carries_a_bounded_number(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sealing._MOST_CARRIED", 2)
    for number in range(5):
        opened(store, clock, f"h{number}")
    clock.advance(500 * DAY)
    assert store.retention.cut_journal(400 * DAY, least=1) > 0
    [checkpoint] = [entry for entry in store.journal.entries() if entry.kind == CHECKPOINT]
    assert len(checkpoint.body["states"]) == 2
    assert store.proof().violation is None
