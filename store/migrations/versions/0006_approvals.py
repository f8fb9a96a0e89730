"""How a plan was ruled on and asked for: rulings, asks and what was foreseen; and which way an approval came in"""

import sqlalchemy as sa
from alembic import op

from store.schema import Utc

revision = "0006_approvals"
down_revision = "0005_lessons"


def upgrade() -> None:
    op.add_column("approvals", sa.Column("via", sa.String(100), nullable=False, server_default="owner"))
    op.create_table(
        "asks",
        sa.Column("plan_id", sa.String(40), sa.ForeignKey("plans.id"), primary_key=True),
        sa.Column("incident_id", sa.String(40), sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("asked_at", Utc, nullable=False),
        sa.Column("expires_at", Utc, nullable=False),
        sa.Column("remind_at", Utc),
        sa.Column("widen_at", Utc),
        sa.Column("reminded_at", Utc),
        sa.Column("widened_at", Utc),
        sa.Column("snoozed_until", Utc),
        sa.Column("snoozed_by", sa.String(200)),
    )
    op.create_index("ix_asks_incident_id", "asks", ["incident_id"])
    op.create_table(
        "foreseen",
        sa.Column("plan_id", sa.String(40), sa.ForeignKey("plans.id"), primary_key=True),
        sa.Column("incident_id", sa.String(40), sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("previews", sa.JSON, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_index("ix_foreseen_incident_id", "foreseen", ["incident_id"])
    op.create_table(
        "rulings",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("incident_id", sa.String(40), sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("plan_id", sa.String(40), sa.ForeignKey("plans.id"), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("ruling", sa.String(20), nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("case", sa.JSON, nullable=False),
        sa.Column("policy_digest", sa.String(64), nullable=False),
        sa.Column("catalog_digest", sa.String(64), nullable=False),
    )
    op.create_index("ix_rulings_incident_id", "rulings", ["incident_id"])
    op.create_index("ix_rulings_plan_id", "rulings", ["plan_id"])


def downgrade() -> None:
    for table in ("rulings", "foreseen", "asks"):
        op.drop_table(table)
    with op.batch_alter_table("approvals") as batch:
        batch.drop_column("via")
