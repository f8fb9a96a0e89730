"""The tables of where detections come from outside: what was taken in, and how far each source was read.

A change here needs a migration, as in `tables.py`.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from store.schema import Utc, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("source", String(63), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("fleet", String(63), nullable=False),
    Column("host", String(253), nullable=False),
    Column("symptom", String(63), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("unmapped", Text),
    Column("told", JSON, nullable=False),
    Column("starts_at", Utc, nullable=False),
    Column("ends_at", Utc),
    Column("first_at", Utc, nullable=False),
    Column("heard_at", Utc, nullable=False),
    Column("reported_at", Utc),
    Column("count", Integer, nullable=False),
    Column("lag_seconds", Float, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("flapping_until", Utc),
    Index("alerts_of_signal", "fleet", "host", "symptom", "subject"),
    Index("alerts_heard", "heard_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("source", String(63), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("at", Utc, nullable=False, index=True),
)

source_tallies = Table(
    "source_tallies",
    metadata,
    Column("source", String(63), primary_key=True),
    Column("deliveries", BigInteger, nullable=False),
    Column("alerts", BigInteger, nullable=False),
    Column("unmapped", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("heard_at", Utc),
    Column("refused_at", Utc),
    Column("journalled_at", Utc),
)

silences = Table(
    "silences",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("fleet", String(63), nullable=False),
    Column("host", String(253)),
    Column("symptom", String(63)),
    Column("subject", String(200)),
    Column("reason", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Utc, nullable=False),
    Column("until", Utc, nullable=False, index=True),
    Column("ended_at", Utc),
    Column("ended_by", String(200)),
    Column("suppressed", Integer, nullable=False),
)

suppressed = Table(
    "suppressed",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("fingerprint", String(40), nullable=False),
    Column("silence", String(40), index=True),
    Column("ends_at", Utc, nullable=False),
    Column("open", Boolean, nullable=False),
    Index("suppressed_until", "open", "ends_at"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("fleet", String(63), primary_key=True),
    Column("host", String(253), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("state", JSON, nullable=False),
    Column("at", Utc, nullable=False),
)
