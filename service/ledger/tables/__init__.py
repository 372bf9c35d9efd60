"""The tables of the ledger; `migrations` brings a database to this shape."""

from service.ledger.tables.deliveries import commitments, deliveries
from service.ledger.tables.jobs import jobs, results, unfit_workers, workers
from service.ledger.tables.metadata import metadata
from service.ledger.tables.node import believed_clocks, canaries, counts, processes, verifications
from service.ledger.tables.people import api_tokens, audit, sessions, users
from service.ledger.tables.routes import routes_drafts, routes_versions
from service.ledger.tables.studies import (
    completions,
    decisions,
    instances,
    notices,
    refusals,
    studies,
    turnarounds,
)
from service.ledger.tables.telling import messages, tellings

__all__ = [
    "api_tokens",
    "audit",
    "believed_clocks",
    "canaries",
    "commitments",
    "completions",
    "counts",
    "decisions",
    "deliveries",
    "instances",
    "jobs",
    "messages",
    "metadata",
    "notices",
    "processes",
    "refusals",
    "results",
    "routes_drafts",
    "routes_versions",
    "sessions",
    "studies",
    "tellings",
    "turnarounds",
    "unfit_workers",
    "users",
    "verifications",
    "workers",
]
