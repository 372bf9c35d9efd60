"""How the node itself fares."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from service.ledger.canary import Phase
from service.ledger.tables.columns import Moment, State, Words
from service.ledger.tables.metadata import metadata

processes = Table(
    "processes",
    metadata,
    Column("owner", sa.Text, primary_key=True),
    Column("host", sa.Text, nullable=False),
    Column("roles", Words, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("measures", sa.JSON, nullable=False),
)

counts = Table(
    "counts",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("labels", sa.Text, primary_key=True),
    Column("value", sa.Double, nullable=False),
)

canaries = Table(
    "canaries",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("place", sa.Integer),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("asked_by", sa.Text, nullable=False),
    Column("host", sa.Text, nullable=False),
    Column("port", sa.Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("phase", State(Phase), nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("seconds", sa.JSON, nullable=False),
    Column("runs", sa.Integer, nullable=False),
    Column("failures", sa.JSON, nullable=False),
    Column("passed_at", Moment),
    Index("canaries_one_at_a_time", "place", unique=True),
)

verifications = Table(
    "verifications",
    metadata,
    Column("model", sa.Text, primary_key=True),
    Column("version", sa.Text, primary_key=True),
    Column("backend", sa.Text, primary_key=True),
    Column("device", sa.Text, primary_key=True),
    Column("host", sa.Text, primary_key=True),
    Column("weights", sa.Text, nullable=False),
    Column("state", sa.Text, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("psnr", sa.Double),
    Column("maximum", sa.Double),
    Column("agreement", sa.Double),
    Column("seconds", sa.Double, nullable=False),
    Column("at", Moment, nullable=False),
    Column("release", sa.Text, nullable=False),
)

believed_clocks = Table(
    "believed_clocks",
    metadata,
    Column("place", sa.Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
)
