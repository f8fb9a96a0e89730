"""Storms: incidents with a set of hosts; and indexes for what is live, by age and by kind"""

import sqlalchemy as sa
from alembic import op

from store.schema import Utc

revision = "0010_storms"
down_revision = "0009_sources"

LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.add_column("incidents", sa.Column("host_count", sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "incident_hosts",
        sa.Column("incident_id", sa.String(40), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("host", sa.String(253), primary_key=True),
        sa.Column("joined_at", Utc, nullable=False),
    )
    op.create_index("incidents_live", "incidents", ["opened_at", "id"], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_index("incidents_of_problem", "incidents", ["fingerprint", "ended_at"])
    op.create_index(
        "incidents_alike", "incidents", ["fleet", "symptom", "subject"], sqlite_where=LIVE, postgresql_where=LIVE
    )


def downgrade() -> None:
    op.drop_index("incidents_alike", "incidents")
    op.drop_index("incidents_of_problem", "incidents")
    op.drop_index("incidents_live", "incidents")
    op.drop_table("incident_hosts")
    with op.batch_alter_table("incidents") as batch:
        batch.drop_column("host_count")
