"""An index for the latest outcomes of a symptom, which every plan asks for"""

from alembic import op

revision = "0005_lessons"
down_revision = "0004_ledger"


def upgrade() -> None:
    op.create_index("outcomes_of_symptom", "outcomes", ["symptom", "at"])
    op.drop_index("ix_outcomes_symptom", "outcomes")


def downgrade() -> None:
    op.create_index("ix_outcomes_symptom", "outcomes", ["symptom"])
    op.drop_index("outcomes_of_symptom", "outcomes")
