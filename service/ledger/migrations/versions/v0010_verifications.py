"""How models fared where they were verified, when tokens run out, and users of a provider."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Take the step; tokens of before do not run out, users of before have passwords."""
    op.add_column("api_tokens", sa.Column("expires_at", sa.Double(), nullable=True))
    op.add_column("users", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "verifications",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("psnr", sa.Double()),
        sa.Column("maximum", sa.Double()),
        sa.Column("agreement", sa.Double()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "version", "backend", "device", "host"),
    )
