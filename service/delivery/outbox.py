"""What a process of the delivery stage sends from."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydicom import Dataset

from service.ledger.asked.commitments import Commitments
from service.ledger.asked.deliveries import Deliveries
from service.ledger.counting import Counting, Through
from service.ledger.records import Delivery
from service.ledger.spool import Spool
from service.sample import Sample


class Books(Deliveries, Commitments, Counting, Protocol):
    """What the delivery stage reads and writes down."""


def nothing(_through: Through) -> Collection[Sample]:
    """Count nothing of it."""
    return ()


@dataclass(frozen=True, slots=True)
class Outbox:
    """Results and originals, to whom they are owed, and who sends them."""

    ledger: Books
    results: Spool
    received: Spool
    """Where the originals lie that are passed on."""
    owner: str
    """As this process signs the deliveries it holds; see `service.worker.owner`."""
    now: Callable[[], datetime]
    counted_of: Callable[[Through], Collection[Sample]] = nothing
    """What is counted of a study whose last result was acknowledged."""

    def sent(self, delivery: Delivery, remark: str) -> None:
        """Write down that it was acknowledged, and that its study is through, if it is.

        Raises:
            UnavailableError: if the ledger is down.
        """
        self.ledger.sent(delivery, remark)
        if delivery.job_id:
            self.ledger.note_through(delivery.job_id, self.counted_of)

    def local(self, delivery: Delivery) -> AbstractContextManager[Path]:
        """Give a file with the bytes that are to be sent, for the time of the block.

        Raises:
            BadObjectError: if its name is no UID.
            UnavailableError: if its bytes cannot be fetched now.
        """
        return self._spool(delivery).local(delivery.sop_instance_uid, delivery.version)

    def size(self, delivery: Delivery) -> int:
        """Return the bytes of that file.

        Raises:
            UnavailableError: if it is not there.
        """
        return self._spool(delivery).size(delivery.sop_instance_uid, delivery.version)

    def header(self, delivery: Delivery) -> Dataset:
        """Return what is to be sent, without its pixels.

        Raises:
            BadObjectError: if it cannot be read.
            UnavailableError: if it is not there.
        """
        return self._spool(delivery).header(delivery.sop_instance_uid, delivery.version)

    def _spool(self, delivery: Delivery) -> Spool:
        return self.received if delivery.is_original else self.results
