"""What `fleetmend journal verify` proves: whatever is changed, removed or swapped behind the store's back is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.approvals import Answer
from core.clock import ManualClock
from core.outcomes import Verification
from core.plans import Plan
from core.runs import RunEvent
from core.states import State
from store.store import Store
from tests.engines import execute_raw
from tests.ledger import begin, end, fleet, opened, planned

MINUTE = timedelta(minutes=1)


def approved(store: Store, clock: ManualClock, host: str) -> Plan:
    plan = planned(store, clock, ("restart", (host,)))
    with store.write() as tx:
        later = clock.now() + MINUTE
        store.approvals.add(tx, plan, Answer.APPROVE, by="policy", reasons=("low",), expires_at=later)
    return plan


@pytest.fixture
def story(store: Store, clock: ManualClock) -> Store:
    """h1 was healed, h2 is running, h3 waits, h4 was rejected, h5 is open, and h6 is escalated."""
    healed, running = approved(store, clock, "h1"), approved(store, clock, "h2")
    approved(store, clock, "h3")
    for plan in (healed, running):
        assert begin(store, clock, plan, fleet()).obstacle is None
    clock.advance(MINUTE)
    for number, plan in enumerate((healed, running)):
        store.runs.record(
            RunEvent(run_id=f"run-{plan.id}-0", seq=number, at=clock.now(), kind="ok", host="h1", task="t")
        )
    with store.write() as tx:
        at = {"began_at": clock.now(), "deadline": clock.now(), "hold_seconds": 0.0}
        store.verifications.put(tx, Verification(plan_id=healed.id, incident_id=healed.incident_id, **at))
    end(store, healed, then=State.RESOLVED)
    rejected, _open, escalated = (opened(store, clock, host) for host in ("h4", "h5", "h6"))
    with store.write() as tx:
        store.incidents.move(tx, escalated, State.ESCALATED, "nothing fits")
        moved = store.incidents.move(tx, rejected, State.PLANNED, "planned", due_at=clock.now())
        store.incidents.move(tx, moved, State.REJECTED, "not today", mute_until=clock.now() + MINUTE)
    return store


def of(host: str) -> str:
    return f"(SELECT id FROM incidents WHERE host = '{host}')"


JOURNAL = {
    "an entry changed": ("UPDATE journal SET body = '{}' WHERE seq = 2", "entry 2 was changed"),
    "an actor changed": ("UPDATE journal SET actor = 'person:me' WHERE seq = 2", "entry 2 was changed"),
    "an entry of another incident": (
        f"UPDATE journal SET incident_id = {of('h5')} WHERE seq = 2",
        "entry 2 was changed",
    ),
    "an entry removed": ("DELETE FROM journal WHERE seq = 2", "entry 2 is missing"),
    "the first one removed": ("DELETE FROM journal WHERE seq = 1", "entry 1 is missing"),
    "one slipped in": (
        "INSERT INTO journal (seq, at, kind, incident_id, actor, body, digests, previous, hash)"
        " SELECT seq + 1000, at, kind, incident_id, actor, body, digests, previous, hash FROM journal WHERE seq = 3",
        "is missing",
    ),
    "two entries swapped": (
        "UPDATE journal SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3);"
        "UPDATE journal SET seq = -seq WHERE seq < 0",
        "entry 2 was changed",
    ),
    "the tail cut": ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", "its tail was cut off"),
    "the tail cut, with the database's head": (
        "DELETE FROM journal WHERE seq > 2; UPDATE journal_head SET seq = 2,"
        " hash = (SELECT hash FROM journal WHERE seq = 2)",
        "its tail was cut off",
    ),
    "the database's head removed": ("DELETE FROM journal_head", "the database's own head says 0"),
    "everything gone": ("DELETE FROM journal; DELETE FROM journal_head", "its tail was cut off"),
}
INCIDENTS = {
    "a state set by hand": (
        f"UPDATE incidents SET state = 'closed' WHERE id = {of('h1')}",
        "the journal says resolved",
    ),
    "no state at all": (f"UPDATE incidents SET state = 'x' WHERE id = {of('h1')}", "which is no state"),
    "an end without a time": (f"UPDATE incidents SET ended_at = NULL WHERE id = {of('h1')}", "its end time"),
    "a time without an end": (f"UPDATE incidents SET ended_at = opened_at WHERE id = {of('h5')}", "its end time"),
    "an end without a reason": (f"UPDATE incidents SET reason = '' WHERE id = {of('h1')}", "its reason"),
    "another reason": (f"UPDATE incidents SET reason = 'luck' WHERE id = {of('h1')}", "its reason"),
    "a life without a reason": (f"UPDATE incidents SET reason = '' WHERE id = {of('h5')}", "its reason"),
    "never due": (f"UPDATE incidents SET due_at = NULL WHERE id = {of('h3')}", "it is stuck"),
    "an incident removed": (f"DELETE FROM incidents WHERE id = {of('h5')}", "the database does not"),
    "an incident slipped in": (
        "CREATE TABLE aside AS SELECT * FROM incidents WHERE host = 'h1'; UPDATE aside SET id = 'inc-x';"
        "INSERT INTO incidents SELECT * FROM aside",
        "the journal says None",
    ),
    "two incidents swapped": (
        "CREATE TABLE aside AS SELECT id, host FROM incidents; UPDATE incidents SET id = 'x' || id;"
        "UPDATE incidents SET id = (SELECT id FROM aside WHERE aside.host = CASE incidents.host"
        " WHEN 'h1' THEN 'h2' WHEN 'h2' THEN 'h1' ELSE incidents.host END)",
        "but the journal says",
    ),
}
RUNS = {
    "a run removed": (f"DELETE FROM runs WHERE incident_id = {of('h1')}", "the journal knows it"),
    "a run slipped in": (
        "CREATE TABLE aside AS SELECT * FROM runs; UPDATE aside SET id = 'run-x' || step, step = step + 1;"
        "INSERT INTO runs SELECT * FROM aside WHERE ended_at IS NOT NULL",
        "the journal does not know",
    ),
    "a run of another step": (f"UPDATE runs SET step = 1 WHERE incident_id = {of('h1')}", "says otherwise"),
    "a run of another incident": (
        f"UPDATE runs SET incident_id = {of('h5')} WHERE incident_id = {of('h1')}",
        "says otherwise",
    ),
    "an open run of what ended": (
        f"UPDATE runs SET ended_at = NULL, status = 'running' WHERE incident_id = {of('h1')}",
        "it has not ended, but",
    ),
    "an ended run of what is running": (
        f"UPDATE runs SET ended_at = started_at, status = 'failed' WHERE incident_id = {of('h2')}",
        "none of its runs is",
    ),
    "a run with two minds": (f"UPDATE runs SET status = 'running' WHERE incident_id = {of('h1')}", "its end time"),
}
REFERENCES = {
    "a detection torn off": ("UPDATE detections SET incident_id = 'inc-none' WHERE host = 'h1'", "'inc-none'"),
    "a detection removed": ("DELETE FROM detections WHERE host = 'h5'", "some are gone"),
    "a plan of no incident": (f"UPDATE plans SET incident_id = 'inc-none' WHERE incident_id = {of('h3')}", "of it"),
    "a plan removed": (f"DELETE FROM plans WHERE incident_id = {of('h3')}", "is not a plan of it"),
    "an approval of no incident": ("UPDATE approvals SET incident_id = 'inc-none'", "it is not of"),
    "an approval of no plan": ("UPDATE approvals SET plan_id = 'pln-none'", "'pln-none'"),
    "an approval of something else": ("UPDATE approvals SET plan_hash = 'x'", "it is not of"),
    "a host of no run": ("UPDATE run_hosts SET run_id = 'run-none' WHERE host = 'h1'", "run_hosts"),
    "an event of no run": ("UPDATE run_events SET run_id = 'run-none'", "run_events"),
    "a verification of no plan": ("UPDATE verifications SET plan_id = 'pln-none'", "verifications"),
    "a verification of no incident": ("UPDATE verifications SET incident_id = 'inc-none'", "verifications"),
    "a mute of no incident": ("UPDATE mutes SET incident_id = 'inc-none'", "mutes"),
}
TAMPERING = JOURNAL | INCIDENTS | RUNS | REFERENCES


def test_an_honest_story_is_whole(story: Store) -> None:
    proof = story.proof()
    assert (proof.incidents, proof.runs, proof.violation) == (6, 2, None)


@pytest.mark.parametrize(("statements", "words"), TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found_and_named(story: Store, tmp_path: Path, statements: str, words: str) -> None:
    execute_raw(tmp_path, statements)
    violation = story.proof().violation
    assert violation is not None
    assert words in violation
    assert "\n" not in violation
