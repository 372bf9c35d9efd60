"""A worker whose jobs do nothing but note when they began: ``starting.py DATA LEDGER BROKER``."""

import sys
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydicom import Dataset

from engines.engine import Engine, UnusableError
from pipelines.kinds import USUAL
from pipelines.pipeline import Context, OfOneImage, Outcome, Product
from service.celery_worker import serve
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.queue.broker import Broker
from service.queue.celery import make_app
from service.worker.worker import Worker

NAME = "starting"


@dataclass(frozen=True)
class Starting(OfOneImage):
    """Notes when it began, in a file named by the image."""

    folder: Path
    name: str = NAME
    networks: tuple[str, ...] = ()

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return None: it takes everything."""
        del header, allowed
        return None

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        """Return nothing."""
        del context
        part = self.folder / f"{images[0].SOPInstanceUID}.part"
        part.write_text(str(time.time()))
        part.rename(part.with_suffix(".began"))
        return Outcome([])


def now() -> datetime:
    """Return the time."""
    return datetime.fromtimestamp(time.time(), UTC)


def make_worker(data: Path, url: str, device: str) -> Worker:
    """Return the worker."""
    return Worker(
        ledger=open_ledger(url, now),
        received=Spool(data / "received"),
        results=Spool(data / "results"),
        pipelines={NAME: Starting(data)},
        accepts=lambda _: USUAL,
        in_use=lambda: [NAME],
        open_engine=_none,
        product=Product("0", "BENCH", "SENOSCOPE"),
        site_key=b"a key of this bench",
        device=device,
        now=now,
    )


def _none(network: str) -> Engine:
    raise UnusableError(network)


def main() -> None:
    """Work until SIGTERM."""
    data, url, broker = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    warnings.simplefilter("ignore")
    made: Callable[[str], Worker] = partial(make_worker, data, url)
    serve(make_app(Broker(broker), data), open_ledger(url, now), made, ["cpu"])


if __name__ == "__main__":
    main()
