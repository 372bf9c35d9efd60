"""A node's ledger and spool, for who needs nothing else of it: to load the rest takes seconds."""

from pathlib import Path

from service.assembly.ground import Ground
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger
from service.settings import load_settings


def open_ledger(config: Path | None) -> SqlLedger:
    """Return the ledger that those settings name."""
    return Ground(load_settings(config)).ledger


def open_received(config: Path | None) -> Spool:
    """Return the spool of what came in, of the node of those settings."""
    return Ground(load_settings(config)).received
