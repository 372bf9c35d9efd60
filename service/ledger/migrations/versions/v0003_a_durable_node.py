"""Versions of instances, leases of deliveries, deadlines, commitments, what was cleaned up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Take the step; what came before is the first version of itself."""
    _instances()
    _decisions()
    op.add_column("jobs", sa.Column("versions", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("deadline", sa.Double(), nullable=True))
    op.drop_index("jobs_next", "jobs")
    op.create_index("jobs_next", "jobs", ["state", "priority", "run_at"])
    op.create_index("jobs_oldest", "jobs", ["state", "run_at"])
    op.add_column("results", sa.Column("removed_at", sa.Double(), nullable=True))
    op.add_column("deliveries", sa.Column("owner", sa.Text(), nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("lease_until", sa.Double(), nullable=True))
    op.add_column("deliveries", sa.Column("committed_at", sa.Double(), nullable=True))
    op.add_column(
        "deliveries", sa.Column("transaction_uid", sa.Text(), nullable=False, server_default="")
    )
    op.create_table(
        "commitments",
        sa.Column("transaction_uid", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("sop_class_uids", sa.JSON(), nullable=False),
        sa.Column("sop_instance_uids", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("run_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_uid", "peer"),
    )
    op.create_index("commitments_next", "commitments", ["state", "is_ours", "run_at"])


def _instances() -> None:
    """A primary key cannot be altered in SQLite: the table is made anew."""
    op.drop_index("instances_of_study", "instances")
    op.drop_index("instances_undecided", "instances")
    op.rename_table("instances", "instances_before")
    op.create_table(
        "instances",
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("sop_class_uid", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("series_instance_uid", sa.Text(), nullable=False),
        sa.Column("transfer_syntax_uid", sa.Text(), nullable=False),
        sa.Column("calling_ae_title", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=True),
        sa.Column("judged", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sop_instance_uid", "version", name="instances_versions"),
    )
    op.execute(
        "INSERT INTO instances SELECT sop_instance_uid, sop_class_uid, study_instance_uid, "
        "series_instance_uid, transfer_syntax_uid, calling_ae_title, view, size, sha256, "
        "received_at, '', NULL, judged FROM instances_before"
    )
    op.drop_table("instances_before")
    op.create_index("instances_of_study", "instances", ["study_instance_uid"])
    op.create_index(
        "instances_undecided",
        "instances",
        ["study_instance_uid"],
        sqlite_where=sa.text("judged = 0"),
        postgresql_where=sa.text("NOT judged"),
    )


def _decisions() -> None:
    op.rename_table("decisions", "decisions_before")
    op.create_table(
        "decisions",
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Double(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "sop_instance_uid", "route", "pipeline", "version", name="decisions_versions"
        ),
    )
    op.execute(
        "INSERT INTO decisions SELECT sop_instance_uid, route, pipeline, taken, reason, job_id, "
        "decided_at, '' FROM decisions_before"
    )
    op.drop_table("decisions_before")
