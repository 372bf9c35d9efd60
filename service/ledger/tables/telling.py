"""What people were told, and are to be told."""

import sqlalchemy as sa
from sqlalchemy import Column, Table

from service.ledger.notifying import Severity
from service.ledger.tables.columns import Moment, State
from service.ledger.tables.metadata import metadata

tellings = Table(
    "tellings",
    metadata,
    Column("channel", sa.Text, primary_key=True),
    Column("key", sa.Text, primary_key=True),
    Column("severity", State(Severity), nullable=False),
    Column("what", sa.Text, nullable=False),
    Column("over", sa.Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("newest", Moment),
    Column("told_at", Moment),
    Column("times", sa.Integer, nullable=False),
    Column("gone_at", Moment),
)

messages = Table(
    "messages",
    metadata,
    Column("channel", sa.Text, primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("message_id", sa.Text, nullable=False),
    Column("subject", sa.Text, nullable=False),
    Column("points", sa.JSON, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("error", sa.Text, nullable=False),
    Column("sent_at", Moment),
    Column("lease_until", Moment),
)
