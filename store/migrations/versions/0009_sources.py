"""Where detections come from outside, and how far it was read: alerts, deliveries, silences, cursors"""

import sqlalchemy as sa
from alembic import op

from store.schema import Utc

revision = "0009_sources"
down_revision = "0008_messages"


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("source", sa.String(63), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("fleet", sa.String(63), nullable=False),
        sa.Column("host", sa.String(253), nullable=False),
        sa.Column("symptom", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("unmapped", sa.Text),
        sa.Column("told", sa.JSON, nullable=False),
        sa.Column("starts_at", Utc, nullable=False),
        sa.Column("ends_at", Utc),
        sa.Column("first_at", Utc, nullable=False),
        sa.Column("heard_at", Utc, nullable=False),
        sa.Column("reported_at", Utc),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("lag_seconds", sa.Float, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("flapping_until", Utc),
    )
    op.create_index("alerts_of_signal", "alerts", ["fleet", "host", "symptom", "subject"])
    op.create_index("alerts_heard", "alerts", ["heard_at"])
    op.create_table(
        "deliveries",
        sa.Column("source", sa.String(63), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", Utc, nullable=False),
    )
    op.create_index("ix_deliveries_at", "deliveries", ["at"])
    op.create_table(
        "source_tallies",
        sa.Column("source", sa.String(63), primary_key=True),
        sa.Column("deliveries", sa.BigInteger, nullable=False),
        sa.Column("alerts", sa.BigInteger, nullable=False),
        sa.Column("unmapped", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("heard_at", Utc),
        sa.Column("refused_at", Utc),
        sa.Column("journalled_at", Utc),
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("fleet", sa.String(63), nullable=False),
        sa.Column("host", sa.String(253)),
        sa.Column("symptom", sa.String(63)),
        sa.Column("subject", sa.String(200)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("until", Utc, nullable=False),
        sa.Column("ended_at", Utc),
        sa.Column("ended_by", sa.String(200)),
        sa.Column("suppressed", sa.Integer, nullable=False),
    )
    op.create_index("ix_silences_until", "silences", ["until"])
    op.create_table(
        "suppressed",
        sa.Column("incident_id", sa.String(40), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("fingerprint", sa.String(40), nullable=False),
        sa.Column("silence", sa.String(40)),
        sa.Column("ends_at", Utc, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_index("ix_suppressed_silence", "suppressed", ["silence"])
    op.create_index("suppressed_until", "suppressed", ["open", "ends_at"])
    op.create_table(
        "cursors",
        sa.Column("fleet", sa.String(63), primary_key=True),
        sa.Column("host", sa.String(253), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("at", Utc, nullable=False),
    )


def downgrade() -> None:
    for table in ("cursors", "suppressed", "silences", "source_tallies", "deliveries", "alerts"):
        op.drop_table(table)
