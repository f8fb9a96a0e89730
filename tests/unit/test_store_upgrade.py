"""Migrations go up with data in place: what was stored under an earlier revision is read, ordered and counted on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.clock import ManualClock
from core.digests import digest_of_secret
from core.people import Access, Grant, Role
from store.counters import Counter
from tests.engines import empty_url
from tests.ledger import begin, fleet, planned
from tests.old_store import first_revision
from tests.stores import new_store

AT = "2026-01-01 00:00:00.000000"
INCIDENT = """INSERT INTO incidents (id, fingerprint, fleet, symptom, subject, host, severity, state, reason, version,
 detections, evidence, opened_at, changed_at, last_seen_at, due_at) VALUES
 (:id, :id, 'demo', 's', '', :host, :severity, 'open', '', 1, 1, '{}', :at, :at, :at, :at)"""
PLAN = """INSERT INTO plans (id, incident_id, number, hash, steps, risk, proposer, confidence, reasons, alternatives,
 policy_digest, inventory_digest, created_at) VALUES
 ('plan-1', 'inc-old', 1, 'h', '[]', 'low', 'rules', 1, '[]', '[]', 'p', 'i', :at)"""
RUN = """INSERT INTO runs (id, incident_id, plan_id, step, remedy, fleet, hosts, parameters, status, worker, results,
 started_at, ended_at) VALUES
 ('run-1', 'inc-old', 'plan-1', 0, 'restart', 'demo', '["h1"]', '{}', 'successful', 'w', '{}', :at, :at)"""
RUN_HOST = "INSERT INTO run_hosts (run_id, host, fleet, remedy, started_at) VALUES ('run-1', 'h1', 'demo', 'r', :at)"
TOKEN = "INSERT INTO tokens (id, name, digest, created_at) VALUES ('tok-1', 'ann', :digest, :at)"
LEASE = "INSERT INTO leases (name, holder, fence, expires_at) VALUES ('incident:inc-old', 'w', 7, :at)"


def fill(url: str) -> None:
    """The rows of the first revision."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for id, severity in (("inc-old", "info"), ("inc-new", "critical")):
            row = {"id": id, "host": id, "severity": severity, "at": AT}
            connection.execute(text(INCIDENT), row)
        for statement in (PLAN, RUN, RUN_HOST, LEASE):
            connection.execute(text(statement), {"at": AT})
    engine.dispose()


@pytest.mark.usefixtures("engine")
def test_whoever_had_a_token_is_a_person_who_may_what_he_could(tmp_path: Path) -> None:
    url = empty_url(tmp_path)
    first_revision(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(TOKEN), {"digest": digest_of_secret("fm_old"), "at": AT})
    engine.dispose()
    with new_store(ManualClock(), tmp_path) as now:
        everything = (Grant(role=Role.ADMIN),)
        assert now.tokens.owner("fm_old") == Access(person="ann", grants=everything, via="token:ann")
        [ann] = now.people.all()
        assert (ann.name, ann.grants, ann.signs_in, ann.disabled_at) == ("ann", everything, False, None)
        [token] = now.tokens.all()
        assert (token.person, token.role, token.fleet, token.expires_at) == ("ann", Role.ADMIN, "*", None)
        assert ann.created_at == token.created_at


@pytest.mark.usefixtures("engine")
def test_what_the_first_revision_held_counts_on(tmp_path: Path) -> None:
    url = empty_url(tmp_path)
    first_revision(url)
    fill(url)
    clock = ManualClock()
    with new_store(clock, tmp_path) as now:
        assert now.incidents.due(clock.now()) == ["inc-new", "inc-old"]
        assert now.incidents.get("inc-old").importance == 50
        assert now.runs.get("run-1").read_only is False
        clock.advance(timedelta(minutes=30))
        assert now.budgets.hosts_last_hour("demo") == {"h1"}
        plan = planned(now, clock, ("restart", ("h2",)))
        assert "1 hosts an hour" in str(begin(now, clock, plan, fleet(hosts_per_hour=1)).obstacle)
        taken = now.leases.take_now("incident:inc-old", "other", timedelta(seconds=30))
        assert taken is not None
        assert taken.fence == 8
        assert now.counters.all()[Counter.RUNG].value == 0
