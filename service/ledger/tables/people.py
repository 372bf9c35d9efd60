"""Who may sign in, and what people did."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from service.ledger.people import Role
from service.ledger.tables.columns import Moment, State
from service.ledger.tables.metadata import metadata

users = Table(
    "users",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("role", State(Role), nullable=False),
    Column("password", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("password_at", Moment, nullable=False),
    Column("subject", sa.Text, nullable=False),
)
Index(
    "users_subject",
    users.c.subject,
    unique=True,
    sqlite_where=sa.text("subject != ''"),
    postgresql_where=sa.text("subject != ''"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", sa.Text, primary_key=True),
    Column("user", sa.Text, nullable=False),
    Column("address", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("sessions_of_user", "user"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("digest", sa.Text, primary_key=True),
    Column("user", sa.Text, nullable=False),
    Column("label", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("expires_at", Moment),
    Index("api_tokens_of_user", "user", "label", unique=True),
)

audit = Table(
    "audit",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", sa.Text, nullable=False),
    Column("role", sa.Text, nullable=False),
    Column("address", sa.Text, nullable=False),
    Column("action", sa.Text, nullable=False),
    Column("object", sa.Text, nullable=False),
    Column("outcome", sa.Text, nullable=False),
    Index("audit_who", "who", "number"),
)
