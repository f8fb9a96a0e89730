"""The tables of who may come in, and how: people, their roles and tokens, their sessions, and attempts to sign in.

A change here needs a migration, as in `tables.py`.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from store.schema import Utc, metadata

# Nobody is ever deleted or renamed: a name in the journal never becomes somebody else's.
people = Table(
    "people",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("created_at", Utc, nullable=False),
    Column("disabled_at", Utc),
)

grants = Table(
    "grants",
    metadata,
    Column("person", ForeignKey("people.name"), primary_key=True),
    Column("fleet", String(63), primary_key=True),
    Column("role", String(20), nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("provider", String(63), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("person", ForeignKey("people.name"), nullable=False),
    Column("team", String(40)),
    Column("app", String(40)),
    UniqueConstraint("person", "provider"),
)

passwords = Table(
    "passwords",
    metadata,
    Column("person", ForeignKey("people.name"), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", Utc, nullable=False),
)

# What was lent is kept, once it has ended too: what was asked meanwhile counts for both.
lendings = Table(
    "lendings",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("person", ForeignKey("people.name"), nullable=False, index=True),
    Column("way", String(20), nullable=False),
    Column("what", String(100), nullable=False),
    Column("lender", String(100), nullable=False),
    Column("at", Utc, nullable=False),
    Column("ended_at", Utc),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", ForeignKey("people.name"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False, index=True),
)

attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", Utc, nullable=False, index=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("person", ForeignKey("people.name"), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("fleet", String(63), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc),
)
