"""Results have a kind, and destinations of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Take the step; what was made before is of no known kind and went where its job said."""
    op.add_column("results", sa.Column("kind", sa.Text(), nullable=False, server_default=""))
    op.add_column("results", sa.Column("send_to", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "results", sa.Column("is_failure", sa.Boolean(), nullable=False, server_default=sa.false())
    )
