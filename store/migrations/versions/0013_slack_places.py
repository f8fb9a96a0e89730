"""Which workspace and app a link to Slack holds for"""

import sqlalchemy as sa
from alembic import op

revision = "0013_slack_places"
down_revision = "0012_row_digests"


def upgrade() -> None:
    op.add_column("identities", sa.Column("team", sa.String(40)))
    op.add_column("identities", sa.Column("app", sa.String(40)))


def downgrade() -> None:
    with op.batch_alter_table("identities") as batch:
        batch.drop_column("app")
        batch.drop_column("team")
