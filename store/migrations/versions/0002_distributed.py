"""Which key the journal has, so that a machine with another one is turned away"""

import sqlalchemy as sa
from alembic import op


revision = '0002_distributed'
down_revision = '0001'


def upgrade() -> None:
    op.create_table('journal_key',
    sa.Column('one', sa.Boolean(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('one', name=op.f('pk_journal_key'))
    )


def downgrade() -> None:
    op.drop_table('journal_key')
