"""A store with a row in every table that the journal proves, and what can be done to one behind the store's back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    Table,
    UniqueConstraint,
    create_engine,
    delete,
    insert,
    select,
    text,
    update,
)

from core.approvals import Answer, Ask, Foreseen
from core.clock import ManualClock
from core.outcomes import Outcome, Verdict, Verification
from core.people import Grant, Role
from core.runs import ProcessRef
from core.silences import Aside
from core.states import State
from store.approval_tables import rulings
from store.lendings import Lendings, Way
from store.people import SLACK
from store.proven import PROVEN, columns, key_columns
from store.schema import Utc
from store.store import Store
from store.tables import incident_hosts
from tests.engines import url_in
from tests.ledger import begin, end, fleet, opened, planned

MINUTE = timedelta(minutes=1)


def fill(store: Store, clock: ManualClock) -> None:
    """Let something happen to everything."""
    store.people.add("ann", "person:root", (Grant(role=Role.ADMIN),))
    store.people.grant("ann", Grant(role=Role.APPROVER, fleet="demo"), "person:root")
    store.people.link("ann", SLACK, "U1", "person:root")
    store.passwords.set("ann", "correct horse battery", "person:root")
    store.sessions.open("ann", "password", "127.0.0.1")
    store.tokens.make("ci", "person:root", person="ann", expires_at=clock.now() + MINUTE)
    store.pauses.pause("demo", "person:ann", "because")
    store.callbacks.accept("signed", "slack", "{}")
    plan = planned(store, clock, ("restart", ("h1",)))
    with store.write() as tx:
        later = clock.now() + MINUTE
        store.approvals.add(tx, plan, Answer.APPROVE, by="person:ann", reasons=("low",), expires_at=later)
        store.asks.put(tx, _ask(plan.id, plan.incident_id, clock))
        store.foreseen.put(tx, plan.incident_id, Foreseen(plan_id=plan.id, at=clock.now(), digest="d"))
        digests = {"policy_digest": "p", "catalog_digest": "c"}
        about = {"id": "rul-1", "incident_id": plan.incident_id, "plan_id": plan.id, "at": clock.now()}
        tx.execute(insert(rulings).values(**about, **digests, ruling="ask", rules=["r"], case={"a": 1}))
        Lendings(clock).replace(tx, "ann", Way.TOKEN, "person:root", "ci")
        tx.execute(insert(incident_hosts).values(incident_id=plan.incident_id, host="h1", joined_at=clock.now()))
    assert begin(store, clock, plan, fleet()).obstacle is None
    store.runs.follow(f"run-{plan.id}-0", ProcessRef(pid=4711, started=1.5))
    with store.write() as tx:
        store.runs.ask_to_cancel(tx, store.runs.get(f"run-{plan.id}-0"), "person:ann")
        at = {"began_at": clock.now(), "deadline": clock.now(), "hold_seconds": 0.5}
        store.verifications.put(tx, Verification(plan_id=plan.id, incident_id=plan.incident_id, **at))
        store.outcomes.add(tx, _outcome(plan.id, plan.incident_id, clock))
    end(store, plan, then=State.RESOLVED)
    rejected, silenced = opened(store, clock, "h4"), opened(store, clock, "h5")
    with store.write() as tx:
        moved = store.incidents.move(tx, rejected, State.PLANNED, "planned", due_at=clock.now())
        store.incidents.move(tx, moved, State.REJECTED, "no", mute_until=clock.now() + MINUTE)
        made = store.silences.make(tx, "demo", until=clock.now() + MINUTE, reason="r", by="person:ann", host="h9")
        store.incidents.move(tx, silenced, State.SUPPRESSED, "quiet")
        aside = Aside(State.SUPPRESSED, "quiet", clock.now() + MINUTE, made.id)
        store.silences.suppress(tx, silenced.id, silenced.fingerprint, aside)


def _ask(plan_id: str, incident_id: str, clock: ManualClock) -> Ask:
    at = {"asked_at": clock.now(), "expires_at": clock.now() + MINUTE}
    return Ask(plan_id=plan_id, incident_id=incident_id, needed=2, **at)


def _outcome(plan_id: str, incident_id: str, clock: ManualClock) -> Outcome:
    of = {"fleet": "demo", "host": "h1", "symptom": "service_down", "subject": "web", "remedy": "restart"}
    seconds = {"detect_seconds": 1.5, "run_seconds": 1.25, "heal_seconds": 0.1}
    what = {"parameters": {}, "proposer": "rules", "verdict": Verdict.HEALED, "reason": "clear"}
    return Outcome(id="out-1", incident_id=incident_id, plan_id=plan_id, at=clock.now(), **of, **seconds, **what)


@contextmanager
def behind(state: Path) -> Iterator[Connection]:
    """The database of *state*, for somebody who may write into it as he likes."""
    engine = create_engine(url_in(state))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
    engine.dispose()


def first_row(connection: Connection, table: Table) -> Mapping[str, Any]:
    """Some row of *table*."""
    return dict(connection.execute(select(table).order_by(*key_columns(table))).mappings().first() or {})


def another(column: Column[Any], value: Any) -> Any:
    """Something else that *column* can hold, as close to *value* as can be."""
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, Utc):
        return datetime(2026, 1, 1, tzinfo=UTC) if value is None else value + timedelta(microseconds=1)
    if isinstance(column.type, JSON):
        return {"x": 1} if value is None else [value]
    if isinstance(column.type, (Integer, Float)):
        return (value or 0) + (1 if isinstance(column.type, Integer) else 0.001)
    if not value:
        return "x"
    return value[:-1] + ("y" if value[-1] == "x" else "x")


def set_row(connection: Connection, table: Table, row: Mapping[str, Any], **values: Any) -> None:
    """Change the row that has the key of *row*."""
    connection.execute(update(table).where(*_same(table, row)).values(**values))


def delete_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Delete the row that has the key of *row*."""
    connection.execute(delete(table).where(*_same(table, row)))


def copy_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Slip in a second row like *row*: it differs in what has to be unique alone. Returns it."""
    unique = {column.name for index in table.indexes if index.unique for column in index.columns}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            unique |= {column.name for column in constraint.columns}
    unique |= {column.name for column in key_columns(table)}
    made = {name: another(table.c[name], value) if name in unique else value for name, value in row.items()}
    connection.execute(insert(table).values(**made))
    return made


def _same(table: Table, row: Mapping[str, Any]) -> list[Any]:
    return [column == row[column.name] for column in key_columns(table)]


TABLES = [table.name for table in PROVEN]
COLUMNS = [(table.name, column.name) for table in PROVEN for column in columns(table)]
