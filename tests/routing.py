"""A router with a real ledger and spool around it, and a clock that tests turn."""

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydicom import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from service.intake.identity import identify
from service.ledger.records import Instance
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.router.router import Router
from service.router.routes import Routes

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = {"rows": 96, "columns": 64}


class Enlarges:
    """A pipeline that takes mammograms and leaves its own results alone."""

    takes_studies = False

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        if header.Manufacturer == "Own":
            return "made by this node"
        if header.get("QualityControlImage") == "YES" and "controls" not in allowed:
            return "a control"
        return None if header.Rows > 10 else "too small"

    def accompanies(self, header: Dataset) -> bool:
        del header
        return False


class Reads(Enlarges):
    """A pipeline that takes studies; presentation states tell it where to look."""

    takes_studies = True

    def accompanies(self, header: Dataset) -> bool:
        return header.SOPClassUID == GrayscaleSoftcopyPresentationStateStorage


class World:
    """A router with a real ledger and spool around it, and a clock that tests turn."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.time = T0
        url = url or f"sqlite:///{folder / 'ledger.sqlite'}"
        self.ledger = open_ledger(url, lambda: self.time)
        self.spool = Spool(folder / "received")
        self.queued: list[str] = []
        self.routes = routes()
        self.router = Router(
            self.ledger,
            self.spool,
            lambda: self.routes,
            {"sr": Enlarges(), "cad": Enlarges(), "studies": Reads()},
            {"sr": "1", "cad": "1", "studies": "1"},
            self,
            lambda: self.time,
        )

    def put(self, job_id: str) -> None:
        self.queued.append(job_id)

    def receive(self, image: Dataset, calling: str = "MAMMO1") -> Dataset:
        path = self.spool.keep_dataset(image)
        self.ledger.record(
            Instance(
                sop_instance_uid=image.SOPInstanceUID,
                sop_class_uid=image.SOPClassUID,
                study_instance_uid=image.StudyInstanceUID,
                series_instance_uid=image.SeriesInstanceUID,
                transfer_syntax_uid=image.file_meta.TransferSyntaxUID,
                calling_ae_title=calling,
                view=view_in(path),
                size=path.stat().st_size,
                digest=hashlib.sha256(path.read_bytes()).hexdigest(),
                received_at=self.time,
            )
        )
        return image

    def later(self, seconds: float) -> int:
        """Turn the clock and route what is due."""
        self.time += timedelta(seconds=seconds)
        return self.router.route_due()

    def reasons(self, image: Dataset) -> list[str]:
        return [decision.reason for decision in self.ledger.decisions(image.StudyInstanceUID)]


def view_in(path: Path) -> str:
    """Return the view of the image in a file, as it is told when it comes in."""
    with path.open("rb") as file:
        meta = read_file_meta_info(path)
        file.seek(144 + meta.FileMetaInformationGroupLength)
        size = path.stat().st_size - file.tell()
        return identify(file, size, meta.TransferSyntaxUID).view


def routes(**route) -> Routes:
    """Return one route for mammograms, with `route` written over it."""
    table = {
        "name": "screening",
        "calling": ["MAMMO*"],
        "when": [{"keyword": "Modality", "any_of": ["MG"]}],
        "complete": {"views": ["RCC", "LCC"], "quiet_s": 30, "at_most_s": 100},
        "pipelines": ["sr"],
        "send_to": ["pacs"],
    }
    pacs = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    return Routes(destinations={"pacs": pacs}, routes=[table | route])
