"""What is done with images, what is made of them, and who works."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from service.ledger.records import JobState
from service.ledger.tables.columns import Lane, Moment, State, Words
from service.ledger.tables.metadata import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", sa.Text, primary_key=True),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("sop_instance_uids", Words, nullable=False),
    Column("route", sa.Text, nullable=False),
    Column("pipeline", sa.Text, nullable=False),
    Column("send_to", Words, nullable=False),
    Column("priority", Lane, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("state", State(JobState), nullable=False),
    Column("token", sa.BigInteger, nullable=False),
    Column("owner", sa.Text, nullable=False),
    Column("lease_until", Moment),
    Column("failures", sa.Integer, nullable=False),
    Column("crashes", sa.Integer, nullable=False),
    Column("losts", sa.Integer, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("error", sa.Text, nullable=False),
    Column("stages", sa.JSON, nullable=False),
    Column("versions", Words, nullable=False),
    Column("deadline", Moment),
    Column("woken_at", Moment),
    Column("waits", sa.Text, nullable=False),
    Column("rerun", sa.Integer, nullable=False),
    Column("routes_version", sa.Integer, nullable=False),
    Index("jobs_next", "state", "priority", "run_at"),
    Index("jobs_oldest", "state", "run_at"),
    Index("jobs_finished", "state", "finished_at"),
    Index("jobs_of_study", "study_instance_uid"),
    Index("jobs_newest", "created_at"),
    Index("jobs_counted", "state", "pipeline", "priority"),
)

results = Table(
    "results",
    metadata,
    Column("job_id", sa.Text, primary_key=True),
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("sop_class_uid", sa.Text, nullable=False),
    Column("series_instance_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("transfer_syntax_uid", sa.Text, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("kind", sa.Text, nullable=False),
    Column("send_to", Words, nullable=False),
    Column("is_failure", sa.Boolean, nullable=False),
    Column("removed_at", Moment),
)

workers = Table(
    "workers",
    metadata,
    Column("owner", sa.Text, primary_key=True),
    Column("device", sa.Text, nullable=False),
    Column("engines", Words, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

unfit_workers = Table(
    "unfit_workers",
    metadata,
    Column("owner", sa.Text, primary_key=True),
    Column("device", sa.Text, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
