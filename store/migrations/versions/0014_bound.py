"""Plans: all that Ansible reads beside the remedies, thing by thing, in place of one digest over the inventory"""

import sqlalchemy as sa
from alembic import op

revision = "0014_bound"
down_revision = "0013_slack_places"

PLANS = sa.table("plans", sa.column("id"), sa.column("bound", sa.JSON), sa.column("inventory_digest"))


def upgrade() -> None:
    op.add_column("plans", sa.Column("bound", sa.JSON, nullable=False, server_default="{}"))
    connection = op.get_bind()
    for id, digest in connection.execute(sa.select(PLANS.c.id, PLANS.c.inventory_digest)).all():
        connection.execute(sa.update(PLANS).where(PLANS.c.id == id).values(bound={"inventory": digest}))
    op.drop_column("plans", "inventory_digest")


def downgrade() -> None:
    op.add_column("plans", sa.Column("inventory_digest", sa.String(64), nullable=False, server_default=""))
    op.drop_column("plans", "bound")
