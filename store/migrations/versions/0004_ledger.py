"""Shared host leases, reservations of the budgets, importance, agents and counters"""

import sqlalchemy as sa
from alembic import op

revision = "0004_ledger"
down_revision = "0003_retention"

_SEVERITY = "CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END"


def upgrade() -> None:
    # Plain additions: a batch would make the table anew on SQLite, and what refers to it forbids that.
    op.add_column("incidents", sa.Column("importance", sa.Integer(), server_default="50", nullable=False))
    op.add_column("incidents", sa.Column("turn", sa.Integer(), server_default="1050", nullable=False))
    op.execute(f"UPDATE incidents SET turn = 1000 * ({_SEVERITY}) + 100 - importance")
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "incidents_by_turn",
        "incidents",
        ["turn", "opened_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.add_column("runs", sa.Column("read_only", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    open_run = sa.text("ended_at IS NULL")
    op.create_index("runs_open", "runs", ["fleet"], sqlite_where=open_run, postgresql_where=open_run)
    op.create_index("run_hosts_of_host", "run_hosts", ["fleet", "host", "remedy", "started_at"])
    with op.batch_alter_table("leases") as table:
        table.alter_column("name", existing_type=sa.String(320), type_=sa.String(400), existing_nullable=False)
        table.add_column(sa.Column("shared_of", sa.String(320)))
        table.create_index(op.f("ix_leases_shared_of"), ["shared_of"])
    op.create_table(
        "reservations",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("host", sa.String(253), nullable=False),
        sa.Column("fleet", sa.String(63), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "step", "host", name=op.f("pk_reservations")),
    )
    op.create_index("reservations_by_time", "reservations", ["fleet", "at"])
    # What ran already counts on: an upgrade must not hand out the same hour twice.
    op.execute(
        "INSERT INTO reservations (plan_id, step, host, fleet, read_only, at)"
        " SELECT runs.plan_id, runs.step, run_hosts.host, runs.fleet, runs.read_only, runs.started_at"
        " FROM runs JOIN run_hosts ON run_hosts.run_id = runs.id"
    )
    op.create_table(
        "agents",
        sa.Column("worker", sa.String(200), nullable=False),
        sa.Column("machine", sa.String(253), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_agents")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
