"""When the bytes of an image came again: they are kept as long again."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Take the step; nobody knows of images of before whether they came again."""
    op.add_column("instances", sa.Column("sent_again_at", sa.Double(), nullable=True))
