"""People, their roles and sessions"""

revision = "0007_people"
down_revision = "0006_approvals"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
