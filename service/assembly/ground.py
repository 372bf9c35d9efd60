"""What all parts of a node stand on: its settings, its ledger, its spools, its queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from service.clock import now
from service.ledger.anew import must_be_empty
from service.ledger.bytes_owed import RECEIVED, RESULTS
from service.ledger.patience import DEED, QUICK, USUAL, Patience
from service.ledger.s3 import Bucket, S3Spool, parse_bucket
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger, open_ledger
from service.lock import must_be_finished
from service.metrics import Metrics
from service.queue.celery import CeleryQueue
from service.queue.made import queue_of
from service.settings import Settings
from service.teller import Teller
from service.version import VERSION
from service.worker.owner import this_process


@dataclass(frozen=True)
class Ground:
    """What all parts of a node stand on."""

    settings: Settings
    patience: Patience = USUAL
    """Of all of them with the ledger."""

    @cached_property
    def ledger(self) -> SqlLedger:
        """What was received, decided, done and sent."""
        must_be_finished(self.data)
        return open_ledger(
            self.settings.ledger_url,
            now,
            patience=self.patience,
            may_begin=partial(must_be_empty, [self.data / RECEIVED, self.data / RESULTS]),
        )

    @cached_property
    def quick_ledger(self) -> SqlLedger:
        """The same for who asks for a page or a probe: if it is away, they are told so soon."""
        return self.ledger.within(QUICK)

    @cached_property
    def deeds_ledger(self) -> SqlLedger:
        """The same for what people do by hand: waited for longer, and not for ever."""
        return self.ledger.within(DEED)

    @property
    def data(self) -> Path:
        """The folder of everything that this node keeps."""
        return self.settings.data

    @cached_property
    def received(self) -> Spool:
        """What came in."""
        return self._spool("received")

    @cached_property
    def results(self) -> Spool:
        """What goes out."""
        return self._spool("results")

    def _spool(self, name: str) -> Spool:
        """Return the spool of that name: a folder, or a bucket with a folder in front of it."""
        quarantine = self.settings.disk.quarantine_mb * 1_000_000
        if self.bucket is None:
            return Spool(self.data / name, quarantine)
        return S3Spool(self.data / name, self.bucket.below(name), quarantine)

    @cached_property
    def bucket(self) -> Bucket | None:
        """Where in S3 the spools are, None where they are on the disk."""
        spool = self.settings.spool
        return parse_bucket(spool.url, spool.endpoint) if spool.url else None

    @property
    def low_water(self) -> int:
        """Bytes that must stay free on the disk."""
        return self.settings.disk.low_water_mb * 1_000_000

    @cached_property
    def queue(self) -> CeleryQueue:
        """What wakes the workers."""
        return queue_of(self.settings)

    @cached_property
    def registry(self) -> CollectorRegistry:
        """Where metrics are registered."""
        return CollectorRegistry()

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted in this process; `registry` is what the whole node tells."""
        return Metrics(CollectorRegistry(), VERSION)

    def teller(self, roles: Sequence[str], look: Callable[[], None]) -> Teller:
        """Make what tells the ledger of this process, which does these roles.

        `look` measures what is told with it.
        """
        words = [str(role) for role in roles]
        return Teller(self.ledger, self.metrics, this_process(), words, now, now(), look)
