"""People, their roles and sessions; and whoever has a token becomes a person, who may do what he could until now"""

import sqlalchemy as sa
from alembic import op

from store.schema import Utc

revision = "0007_people"
down_revision = "0006_approvals"


def upgrade() -> None:
    people = op.create_table(
        "people",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("disabled_at", Utc),
    )
    grants = op.create_table(
        "grants",
        sa.Column("person", sa.String(63), sa.ForeignKey("people.name"), primary_key=True),
        sa.Column("fleet", sa.String(63), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
    )
    op.create_table(
        "identities",
        sa.Column("provider", sa.String(63), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("person", sa.String(63), sa.ForeignKey("people.name"), nullable=False),
        sa.UniqueConstraint("person", "provider", name="uq_identities_person_provider"),
    )
    op.create_table(
        "passwords",
        sa.Column("person", sa.String(63), sa.ForeignKey("people.name"), primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("changed_at", Utc, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(63), sa.ForeignKey("people.name"), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("seen_at", Utc, nullable=False),
        sa.Column("expires_at", Utc, nullable=False),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("since", Utc, nullable=False),
    )
    op.create_index("ix_sign_in_attempts_since", "sign_in_attempts", ["since"])
    _tokens(people, grants)


def _tokens(people: sa.Table, grants: sa.Table) -> None:
    op.add_column("tokens", sa.Column("person", sa.String(63)))
    op.add_column("tokens", sa.Column("role", sa.String(20), nullable=False, server_default="admin"))
    op.add_column("tokens", sa.Column("fleet", sa.String(63), nullable=False, server_default="*"))
    op.add_column("tokens", sa.Column("expires_at", Utc))
    tokens = sa.table("tokens", sa.column("name", sa.String), sa.column("person", sa.String), sa.column("created_at", Utc))
    owners = sa.select(tokens.c.name, tokens.c.created_at)
    op.execute(people.insert().from_select(["name", "created_at"], owners))
    everything = sa.select(tokens.c.name, sa.literal("*"), sa.literal("admin"))
    op.execute(grants.insert().from_select(["person", "fleet", "role"], everything))
    op.execute(tokens.update().values(person=tokens.c.name))
    with op.batch_alter_table("tokens") as batch:
        batch.alter_column("person", existing_type=sa.String(63), nullable=False)
        batch.alter_column("role", existing_type=sa.String(20), server_default=None)
        batch.alter_column("fleet", existing_type=sa.String(63), server_default=None)
        batch.create_foreign_key("fk_tokens_person_people", "people", ["person"], ["name"])
        batch.create_index("ix_tokens_person", ["person"])


def downgrade() -> None:
    with op.batch_alter_table("tokens") as batch:
        batch.drop_index("ix_tokens_person")
        batch.drop_constraint("fk_tokens_person_people", type_="foreignkey")
        for column in ("person", "role", "fleet", "expires_at"):
            batch.drop_column(column)
    for table in ("sign_in_attempts", "sessions", "passwords", "identities", "grants", "people"):
        op.drop_table(table)
