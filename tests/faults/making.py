"""A worker of the campaign: the real door of Celery with a pipeline that takes 150 ms.

Run as a program: ``python -m faults.making DATA LEDGER BROKER``.
"""

import ctypes
import logging
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from clock import now
from doubling import DoublingEngine
from pydicom import Dataset
from working import plain_image

from pipelines.kinds import USUAL, Kind, Made
from pipelines.pipeline import Context, OfOneImage, Outcome, Product
from pipelines.results.provenance import derived_uid
from service.celery_worker import serve
from service.ledger import moves
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.queue.broker import Broker
from service.queue.celery import make_app
from service.worker.watchdog import Watch, Watchdog
from service.worker.worker import Worker

WORK_S = 0.15
LEASE_S = 4
"""Shorter than some of the campaign's freezes, so that leases do run out under living owners."""
BEAT_S = 1.0
SILENT_S = 6.0
"""A pool child that gives no sign of life for so long is killed: one that is frozen for good."""


@dataclass(frozen=True)
class Quick(OfOneImage):
    """Makes one result of an image, under a UID as real pipelines derive it."""

    name: str
    is_poison: bool = False
    networks: tuple[str, ...] = ("doubling",)

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        del header, allowed
        return None

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        (image,) = images
        with context.progress("copy"):
            if self.is_poison:
                ctypes.string_at(0)
            time.sleep(WORK_S)
        uid = derived_uid(context.site_key, "quick", image.SOPInstanceUID)
        return Outcome([Made(plain_image(uid, image.StudyInstanceUID), Kind.SC_MULTIFRAME)])


PIPELINES = {"quick": Quick("quick"), "poison": Quick("poison", is_poison=True)}


def make_worker(data: Path, ledger: str, device: str) -> Worker:
    engine = DoublingEngine()
    return Worker(
        ledger=open_ledger(ledger, now),
        received=Spool(data / "received"),
        results=Spool(data / "results"),
        pipelines=PIPELINES,
        accepts=lambda _: USUAL,
        in_use=lambda: ["quick"],
        open_engine=lambda _: engine,
        product=Product("0.1.0", "SERIAL-1", "SENOSCOPE"),
        site_key=b"a key of this site",
        device=device,
        now=now,
        beat_s=BEAT_S,
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    data, ledger, broker = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    moves.LEASE = timedelta(seconds=LEASE_S)
    app = make_app(Broker(broker), data)
    make = partial(make_worker, data, ledger)
    watchdog = partial(Watchdog, watch=Watch(SILENT_S))
    serve(app, open_ledger(ledger, now), make, ["cpu"], watchdog)


if __name__ == "__main__":
    main()
