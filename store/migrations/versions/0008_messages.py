"""What people are told outside, and what came back"""

import sqlalchemy as sa
from alembic import op

from store.schema import Utc

revision = "0008_messages"
down_revision = "0007_people"


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("incident_id", sa.String(40), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("channel", sa.String(200), primary_key=True),
        sa.Column("place", sa.String(100)),
        sa.Column("ts", sa.String(40)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("plan_hash", sa.String(64)),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("reminded_at", Utc),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_try_at", Utc),
        sa.Column("last_error", sa.Text),
    )
    op.create_table(
        "message_channels",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("channel", sa.String(200), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_try_at", Utc),
        sa.Column("last_error", sa.Text),
        sa.Column("last_error_at", Utc),
        sa.Column("last_told_at", Utc),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("taken_until", Utc),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("worked_at", Utc),
        sa.UniqueConstraint("signature"),
    )
    op.create_index("callbacks_left", "callbacks", ["worked_at", "at"])


def downgrade() -> None:
    for table in ("callbacks", "message_channels", "messages"):
        op.drop_table(table)
