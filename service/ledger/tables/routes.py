"""What texts of `routes.toml` there were and may come."""

import sqlalchemy as sa
from sqlalchemy import Column, Table

from service.ledger.tables.columns import Moment
from service.ledger.tables.metadata import metadata

routes_versions = Table(
    "routes_versions",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("digest", sa.Text, nullable=False),
    Column("text", sa.Text, nullable=False),
    Column("in_force_at", Moment, nullable=False),
)

routes_drafts = Table(
    "routes_drafts",
    metadata,
    Column("user", sa.Text, primary_key=True),
    Column("text", sa.Text, nullable=False),
    Column("base", sa.Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)
