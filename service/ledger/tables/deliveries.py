"""Who is to receive what, and who committed himself to keep it."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from service.ledger.records import CommitmentState, DeliveryState
from service.ledger.tables.columns import Lane, Moment, State, Words
from service.ledger.tables.metadata import metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("destination", sa.Text, primary_key=True),
    Column("job_id", sa.Text, nullable=False),
    Column("sop_class_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("priority", Lane, nullable=False),
    Column("owed_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("state", State(DeliveryState), nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("error", sa.Text, nullable=False),
    Column("sent_at", Moment),
    Column("owner", sa.Text, nullable=False),
    Column("lease_until", Moment),
    Column("committed_at", Moment),
    Column("transaction_uid", sa.Text, nullable=False),
    Column("is_original", sa.Boolean, nullable=False),
    Column("version", sa.Text, nullable=False),
    Index("deliveries_next", "state", "destination", "priority", "owed_at"),
    Index("deliveries_of_study", "study_instance_uid"),
    Index("deliveries_newest", "owed_at"),
)

commitments = Table(
    "commitments",
    metadata,
    Column("transaction_uid", sa.Text, primary_key=True),
    Column("peer", sa.Text, primary_key=True),
    Column("is_ours", sa.Boolean, nullable=False),
    Column("sop_class_uids", Words, nullable=False),
    Column("sop_instance_uids", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("state", State(CommitmentState), nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("error", sa.Text, nullable=False),
    Index("commitments_next", "state", "is_ours", "run_at"),
)
