"""What people are told outside, and what came back"""

revision = "0008_messages"
down_revision = "0007_people"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
