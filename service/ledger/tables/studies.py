"""What came in, and what was made of it by the router."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from service.ledger.tables.columns import Moment, Words
from service.ledger.tables.metadata import metadata

studies = Table(
    "studies",
    metadata,
    Column("study_instance_uid", sa.Text, primary_key=True),
    Column("calling_ae_title", sa.Text, nullable=False),
    Column("first_received_at", Moment, nullable=False),
    Column("last_received_at", Moment, nullable=False),
    Column("complete_asked", sa.Boolean, nullable=False),
    Column("held", sa.Text, nullable=False),
    Index("studies_newest", "last_received_at"),
)

instances = Table(
    "instances",
    metadata,
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("sop_class_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("series_instance_uid", sa.Text, nullable=False),
    Column("transfer_syntax_uid", sa.Text, nullable=False),
    Column("calling_ae_title", sa.Text, nullable=False),
    Column("view", sa.Text, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("digest", sa.Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("version", sa.Text, primary_key=True),
    Column("removed_at", Moment),
    Column("judged", sa.Boolean, nullable=False),
    Column("sent_again_at", Moment),
    Index("instances_of_study", "study_instance_uid"),
)
Index(
    "instances_undecided",
    instances.c.study_instance_uid,
    sqlite_where=sa.text("judged = 0"),
    postgresql_where=sa.text("NOT judged"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("calling_ae_title", sa.Text, nullable=False),
    Column("sop_instance_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("status", sa.Integer, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("refused_at", Moment, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("route", sa.Text, primary_key=True),
    Column("pipeline", sa.Text, primary_key=True),
    Column("taken", sa.Boolean, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("job_id", sa.Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("version", sa.Text, primary_key=True),
)

completions = Table(
    "completions",
    metadata,
    Column("study_instance_uid", sa.Text, primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("completed_at", Moment, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("missing", Words, nullable=False),
    Column("images", sa.Integer, nullable=False),
    Column("jobs", sa.Integer, nullable=False),
    Column("rerun", sa.Integer, nullable=False),
    Column("routes_version", sa.Integer, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("kind", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("told", sa.Text, nullable=False),
    Column("noted_at", Moment, nullable=False),
)

turnarounds = Table(
    "turnarounds",
    metadata,
    Column("study_instance_uid", sa.Text, primary_key=True),
    Column("route", sa.Text, primary_key=True),
    Column("rerun", sa.Integer, primary_key=True),
    Column("seconds", sa.Double, nullable=False),
    Column("through_at", Moment, nullable=False),
)
