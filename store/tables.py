"""The tables of what is known and decided; `work_tables.py` has those of who works on what.

A change here needs a migration in `migrations/versions/`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from store.schema import Utc, metadata

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("fingerprint", String(40), nullable=False),
    Column("fleet", String(63), nullable=False),
    Column("symptom", String(63), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("host", String(253), nullable=False),
    Column("service", String(100)),
    Column("severity", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("detections", Integer, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("request", JSON(none_as_null=True)),
    Column("plan_id", String(40)),
    Column("importance", Integer, nullable=False, server_default="50"),
    Column("host_count", Integer, nullable=False, server_default="1"),
    Column("turn", Integer, nullable=False, server_default="1050"),
    Column("opened_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("last_seen_at", Utc, nullable=False),
    Column("due_at", Utc),
    Column("ended_at", Utc),
    Index(
        "one_live_incident",
        "fingerprint",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("incidents_due", "due_at"),
    Index(
        "incidents_by_turn",
        "turn",
        "opened_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index("incidents_of_host", "fleet", "host", "ended_at"),
    Index("incidents_ended", "ended_at"),
    Index("incidents_opened", "opened_at"),
    Index(
        "incidents_live",
        "opened_at",
        "id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("incidents_of_problem", "fingerprint", "ended_at"),
    Index(
        "incidents_alike",
        "fleet",
        "symptom",
        "subject",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

incident_hosts = Table(
    "incident_hosts",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True),
    Column("host", String(253), primary_key=True),
    Column("joined_at", Utc, nullable=False),
)

detections = Table(
    "detections",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("fingerprint", String(40), nullable=False),
    Column("fleet", String(63), nullable=False),
    Column("host", String(253), nullable=False),
    Column("symptom", String(63), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("service", String(100)),
    Column("severity", String(20), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("source", String(100), nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("accepted_at", Utc, nullable=False, index=True),
)

conditions = Table(
    "conditions",
    metadata,
    Column("fleet", String(63), primary_key=True),
    Column("host", String(253), primary_key=True),
    Column("symptom", String(63), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("phase", String(20), nullable=False),
    Column("since", Utc, nullable=False),
    Column("value", JSON, nullable=False),
    Column("at", Utc, nullable=False),
    Column("reported_at", Utc),
    Column("service", String(100)),
    Column("evidence", JSON, nullable=False),
)

mutes = Table(
    "mutes",
    metadata,
    Column("fingerprint", String(40), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("until", Utc, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("steps", JSON, nullable=False),
    Column("risk", String(20), nullable=False),
    Column("proposer", String(200), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("alternatives", JSON, nullable=False),
    Column("policy_digest", String(64), nullable=False),
    Column("bound", JSON, nullable=False, server_default="{}"),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("incident_id", "number"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("plan_id", ForeignKey("plans.id"), nullable=False, index=True),
    Column("plan_hash", String(64), nullable=False),
    Column("answer", String(20), nullable=False),
    Column("by", String(200), nullable=False),
    Column("via", String(100), nullable=False, server_default="owner"),
    Column("reasons", JSON, nullable=False),
    Column("at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("plan_id", ForeignKey("plans.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("remedy", String(63), nullable=False),
    Column("fleet", String(63), nullable=False),
    Column("hosts", JSON, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("read_only", Boolean, nullable=False, server_default=text("false")),
    Column("status", String(20), nullable=False),
    Column("worker", String(200), nullable=False),
    Column("process", JSON(none_as_null=True)),
    Column("results", JSON, nullable=False),
    Column("problem", Text),
    Column("cancelled_by", String(200)),
    Column("started_at", Utc, nullable=False),
    Column("ended_at", Utc),
    UniqueConstraint("plan_id", "step"),
    Index("runs_open", "fleet", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
)

run_hosts = Table(
    "run_hosts",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("host", String(253), primary_key=True),
    Column("fleet", String(63), nullable=False),
    Column("remedy", String(63), nullable=False),
    Column("started_at", Utc, nullable=False),
    Index("run_hosts_by_time", "fleet", "started_at"),
    Index("run_hosts_of_host", "fleet", "host", "remedy", "started_at"),
)

run_events = Table(
    "run_events",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("host", String(253)),
    Column("task", Text),
    Column("detail", Text),
)

verifications = Table(
    "verifications",
    metadata,
    Column("plan_id", ForeignKey("plans.id"), primary_key=True),
    Column("incident_id", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("began_at", Utc, nullable=False),
    Column("deadline", Utc, nullable=False),
    Column("hold_seconds", Float, nullable=False),
    Column("clear_since", Utc),
    Column("checks", Integer, nullable=False),
    Column("last", Text, nullable=False),
)

# Outcomes refer to nothing: lessons need them for longer than their incidents are kept.
outcomes = Table(
    "outcomes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", String(40), nullable=False, index=True),
    Column("plan_id", String(40), nullable=False, unique=True),
    Column("fleet", String(63), nullable=False),
    Column("host", String(253), nullable=False),
    Column("symptom", String(63), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("remedy", String(63), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("proposer", String(200), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detect_seconds", Float, nullable=False),
    Column("run_seconds", Float, nullable=False),
    Column("heal_seconds", Float, nullable=False),
    Column("at", Utc, nullable=False, index=True),
    Index("outcomes_of_symptom", "symptom", "at"),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("incident_id", String(40), index=True),
    Column("actor", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("digests", Text),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

journal_key = Table(
    "journal_key",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("digest", String(64), nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("scope", String(63), primary_key=True),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Utc, nullable=False),
)
