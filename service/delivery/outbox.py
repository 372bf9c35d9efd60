"""What a process of the delivery stage sends from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.ledger.ledger import Commitments, Deliveries
from service.ledger.spool import Spool


class Books(Deliveries, Commitments, Protocol):
    """What the delivery stage reads and writes down."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """Results, to whom they are owed, and who sends them."""

    ledger: Books
    results: Spool
    owner: str
    """As this process signs the deliveries it holds; see `service.worker.owner`."""
    now: Callable[[], datetime]
