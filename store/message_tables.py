"""The tables of what people are told outside: messages by incident, and what came back from them.

A change here needs a migration, as in `tables.py`.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from store.schema import Utc, metadata

messages = Table(
    "messages",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("channel", String(200), primary_key=True),
    Column("place", String(100)),
    Column("ts", String(40)),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("plan_hash", String(64)),
    Column("seq", Integer, nullable=False),
    Column("reminded_at", Utc),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", Utc),
    Column("last_error", Text),
)

message_channels = Table(
    "message_channels",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("channel", String(200), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", Utc),
    Column("last_error", Text),
    Column("last_error_at", Utc),
    Column("last_told_at", Utc),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("signature", String(64), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("taken_until", Utc),
    Column("tries", Integer, nullable=False),
    Column("worked_at", Utc),
    Index("callbacks_left", "worked_at", "at"),
)
