"""Where detections come from outside, and how far it was read"""

revision = "0009_sources"
down_revision = "0008_messages"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
