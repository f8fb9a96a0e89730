"""Lendings: who gave whom a way in over the API"""

import sqlalchemy as sa
from alembic import op

from store.schema import Utc

revision = "0011_lendings"
down_revision = "0010_storms"


def upgrade() -> None:
    op.create_table(
        "lendings",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("person", sa.String(63), sa.ForeignKey("people.name"), nullable=False, index=True),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("lender", sa.String(100), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("ended_at", Utc),
    )


def downgrade() -> None:
    op.drop_table("lendings")
