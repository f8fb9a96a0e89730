"""The tables of who works on what: leases, reservations of the budgets, ticks, agents and their counters.

They are the loop's scratch paper: losing them loses no incident. A change here needs a migration, as in `tables.py`.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table

from store.schema import Utc, metadata

reservations = Table(
    "reservations",
    metadata,
    Column("plan_id", String(40), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("host", String(253), primary_key=True),
    Column("fleet", String(63), nullable=False),
    Column("read_only", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
    Index("reservations_by_time", "fleet", "at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(400), primary_key=True),
    Column("shared_of", String(320), index=True),
    Column("holder", String(200), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

ticks = Table(
    "ticks",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("due_at", Utc, primary_key=True),
)

agents = Table(
    "agents",
    metadata,
    Column("worker", String(200), primary_key=True),
    Column("machine", String(253), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("since", Utc, nullable=False),
    Column("beat_at", Utc, nullable=False),
    Column("good_until", Utc, nullable=False),
    Column("steps", JSON, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("at", Utc, nullable=False),
)
