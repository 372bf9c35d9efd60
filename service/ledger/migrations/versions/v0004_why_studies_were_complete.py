"""Why studies were complete, versions of the routes, what waits, originals that are passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Take the step; of what was done before nobody knows why, nor under which routes."""
    op.add_column("studies", sa.Column("held", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("waits", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("rerun", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "jobs", sa.Column("routes_version", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "deliveries",
        sa.Column("is_original", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("deliveries", sa.Column("version", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "completions",
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("rerun", sa.Integer(), nullable=False),
        sa.Column("routes_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("study_instance_uid", "number"),
    )
    op.create_table(
        "notices",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "routes_versions",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("in_force_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
