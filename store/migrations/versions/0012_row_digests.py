"""The journal tells the digests of the rows that it proves"""

import sqlalchemy as sa
from alembic import op

revision = "0012_row_digests"
down_revision = "0011_lendings"


def upgrade() -> None:
    op.add_column("journal", sa.Column("digests", sa.Text))


def downgrade() -> None:
    with op.batch_alter_table("journal") as batch:
        batch.drop_column("digests")
