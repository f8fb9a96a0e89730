"""The tables of how a plan was ruled on and asked for: see `core/approvals.py`.

A change here needs a migration, as in `tables.py`.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, Text

from store.schema import Utc, metadata

asks = Table(
    "asks",
    metadata,
    Column("plan_id", ForeignKey("plans.id"), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("needed", Integer, nullable=False),
    Column("asked_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("remind_at", Utc),
    Column("widen_at", Utc),
    Column("reminded_at", Utc),
    Column("widened_at", Utc),
    Column("snoozed_until", Utc),
    Column("snoozed_by", String(200)),
)

foreseen = Table(
    "foreseen",
    metadata,
    Column("plan_id", ForeignKey("plans.id"), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("at", Utc, nullable=False),
    Column("previews", JSON, nullable=False),
    Column("problem", Text),
    Column("digest", String(64), nullable=False),
)

rulings = Table(
    "rulings",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("plan_id", ForeignKey("plans.id"), nullable=False, index=True),
    Column("at", Utc, nullable=False),
    Column("ruling", String(20), nullable=False),
    Column("rules", JSON, nullable=False),
    Column("case", JSON, nullable=False),
    Column("policy_digest", String(64), nullable=False),
    Column("catalog_digest", String(64), nullable=False),
)
