"""A Celery worker for tests: the real door, with pipelines that do what a test needs.

Run as a program: ``working.py DATA BROKER PARENT SOFT HARD SILENT``: `DATA` holds ledger, spools
and embedded broker, then come the process to die with and three limits in seconds.
"""

import ctypes
import logging
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from clock import now
from doubling import DoublingEngine
from peers.redis import Sentinel
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from engines.engine import DeviceLostError
from pipelines.errors import CannotProcessError
from pipelines.kinds import USUAL, Kind, Made
from pipelines.pipeline import Context, OfOneImage, Outcome, Product
from service.celery_worker import serve
from service.errors import UnavailableError
from service.ledger.asked.retention import Past
from service.ledger.records import Instance, Job, Priority
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger, open_ledger
from service.queue.broker import Broker
from service.queue.celery import Limits, make_app
from service.worker.deaths import die_with
from service.worker.watchdog import Watch, Watchdog
from service.worker.worker import Worker


def open_test_ledger(data: Path) -> SqlLedger:
    return open_ledger(f"sqlite:///{data / 'ledger.sqlite'}", now)


def plain_image(sop_instance_uid: str, study_instance_uid: str = "1.2") -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = SecondaryCaptureImageStorage
    image.SOPInstanceUID = sop_instance_uid
    image.StudyInstanceUID = study_instance_uid
    image.SeriesInstanceUID = f"{study_instance_uid}.1"
    return image


def row_of(image: Dataset, **changes: object) -> Instance:
    row = Instance(
        sop_instance_uid=image.SOPInstanceUID,
        sop_class_uid=image.SOPClassUID,
        study_instance_uid=image.StudyInstanceUID,
        series_instance_uid=image.SeriesInstanceUID,
        transfer_syntax_uid=image.file_meta.TransferSyntaxUID,
        calling_ae_title="MODALITY",
        view="RMLO",
        size=1000,
        digest="0" * 64,
        received_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    return replace(row, **changes)


def job_of(image: Dataset, pipeline: str, **changes: object) -> Job:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    job = Job(
        job_id=f"{pipeline}-{image.SOPInstanceUID}",
        study_instance_uid=image.StudyInstanceUID,
        sop_instance_uids=(image.SOPInstanceUID,),
        route="route",
        pipeline=pipeline,
        send_to=("pacs",),
        priority=Priority.ROUTINE,
        created_at=moment,
        run_at=moment,
    )
    return replace(job, **changes)


@dataclass(frozen=True)
class Copying(OfOneImage):
    """Makes one result of each image, takes `seconds` for it, and `fault` happens on the way."""

    name: str
    seconds: float = 0.0
    fault: type[Exception] | None = None
    is_poison: bool = False
    native: type[ctypes.CDLL] | None = None
    """How a call of native code is made that never returns; PyDLL lets no other thread run."""
    networks: tuple[str, ...] = ("doubling",)

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        del header, allowed
        return None

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        (image,) = images
        with context.progress("copy"):
            if self.fault is not None:
                raise self.fault("no patient is named here")
            if self.is_poison:
                ctypes.string_at(0)
            if self.native is not None:
                lock = ctypes.create_string_buffer(64)
                for _ in range(2):
                    self.native(None).pthread_mutex_lock(lock)
            time.sleep(self.seconds)
            result = plain_image(f"{image.SOPInstanceUID}.99", image.StudyInstanceUID)
        return Outcome([Made(result, Kind.SC_MULTIFRAME)])


PIPELINES: Mapping[str, Copying] = {
    pipeline.name: pipeline
    for pipeline in (
        Copying("copy"),
        Copying("slow", seconds=1.5),
        Copying("late", seconds=60),
        Copying("stuck", native=ctypes.CDLL),
        Copying("frozen", native=ctypes.PyDLL),
        Copying("poison", is_poison=True),
        Copying("unfit", fault=CannotProcessError),
        Copying("unavailable", fault=UnavailableError),
        Copying("faulty", fault=MemoryError),
        Copying("lost", fault=DeviceLostError),
    )
}


def make_worker(data: Path, device: str = "cpu") -> Worker:
    engine = DoublingEngine()
    return Worker(
        ledger=open_test_ledger(data),
        received=Spool(data / "received"),
        results=Spool(data / "results"),
        pipelines=PIPELINES,
        accepts=lambda _: USUAL,
        in_use=lambda: ["copy"],
        open_engine=lambda _: engine,
        product=Product("0.1.0", "SERIAL-1", "SENOSCOPE"),
        site_key=b"a key of this site",
        device=device,
        now=now,
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    data, broker, parent = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    soft, hard, silent = (float(seconds) for seconds in sys.argv[4:])
    die_with(parent)
    app = make_app(Broker(broker, Sentinel.NAME), data, Limits(soft, hard))
    serve(
        app,
        open_test_ledger(data),
        partial(make_worker, data),
        ["cpu"],
        partial(Watchdog, watch=Watch(silent)),
    )


if __name__ == "__main__":
    main()


def remove_received(ledger, before):
    """Note that all images that may go are gone, as the storekeeper would; return them."""
    gone = ledger.received_past(Past(before, ()), 10)
    for image in gone:
        ledger.note_image_removed(image)
    return gone
