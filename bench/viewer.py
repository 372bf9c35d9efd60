"""How long it takes until an image of 8192 x 6656 pixels is seen in the console's viewer.

Usage: ``python bench/viewer.py [--rows 8192] [--columns 6656] [--times 5]``; it serves a console of
its own. An opening is what a browser asks for: the page, and of both pictures what describes them,
their tones, and the tiles of the step that fills a screen.
"""

import argparse
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import cv2
import httpx
import numpy as np
from prometheus_client import CollectorRegistry
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, MultiFrameGrayscaleWordSecondaryCaptureImageStorage

from pipelines.kinds import Kind
from pipelines.phantom import Exposure, mammogram
from pipelines.results.encode import jpeg_ls
from service.console.app import add_console
from service.console.person import Person
from service.http.app import make_app
from service.http.server import listen, serve_http
from service.ledger.people import Role
from service.ledger.records import Decision, Instance, Job, Priority, Result
from service.parts import Parts
from service.settings import load_settings

SC = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
SCREEN = 800
"""Rows of the browser's canvas."""
STUDY = "1.2.826.0.1.7"
NAME, PASSWORD = "ada", "correct horse battery"
NOW = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 1
[[routes]]
name = "everything"
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""


def main() -> None:
    """Print how long openings take, cold and warm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8192)
    parser.add_argument("--columns", type=int, default=6656)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (parts, browser):
        size = (asked.rows, asked.columns)
        alone, pair = Kept(parts, size).alone(), Kept(parts, size).pair()
        print(f"{asked.columns} x {asked.rows} pixels of 16 bits; median of {asked.times}, seconds")
        for name, uid in (("as it came", alone), ("enlarged, JPEG-LS, and its source", pair)):
            for state in ("cold", "warm"):
                taken = [opening_s(parts, browser, uid, state) for _ in range(asked.times)]
                print(f"{name:36} {state}  {statistics.median(taken):.2f}  worst {max(taken):.2f}")
        print(f"five at once, cold: the last after {at_once_s(parts, browser, pair):.2f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"peak memory of the process, these images being made included: {peak:.1f} GB")


@contextmanager
def served(folder: Path) -> Iterator[tuple[Parts, httpx.Client]]:
    """Serve a console in `folder`; give its parts and a browser that is signed in."""
    (folder / "senoscope.toml").write_text('data_dir = "data"\n')
    (folder / "routes.toml").write_text(ROUTES)
    parts = Parts(load_settings(folder / "senoscope.toml"))
    desk = parts.desk()
    desk.deeds.add_user(desk_person(), NAME, Role.VIEWER, PASSWORD)
    app = make_app("bench", CollectorRegistry(), list)
    server = serve_http(add_console(app, desk), listen("127.0.0.1", 0))
    try:
        url = f"http://127.0.0.1:{server.port}"
        with httpx.Client(base_url=url, headers={"Accept": "text/html"}, timeout=120) as browser:
            form = browser.get("/sign-in").text
            csrf = form.split('name="csrf" value="')[1].partition('"')[0]
            told = {"csrf": csrf, "name": NAME, "password": PASSWORD}
            browser.post("/sign-in", data=told)
            yield parts, browser
    finally:
        server.stop()
        parts.ledger.close()


def desk_person() -> Person:
    """Return who sets this up."""
    return Person("bench", Role.ADMIN, "")


class Kept:
    """Images of that size in a node's spools and ledger."""

    def __init__(self, parts: Parts, size: tuple[int, int]) -> None:
        self.parts = parts
        self.size = size

    def alone(self) -> str:
        """Keep an image of that size, with a report of nothing; return its UID."""
        image = self._image("1.2.3.1", self.size)
        self._record(image, [])
        return str(image.SOPInstanceUID)

    def pair(self) -> str:
        """Keep one of half that size, enlarged to that size; return its UID."""
        rows, columns = self.size
        image = self._image("1.2.3.2", (rows // 2, columns // 2))
        large = self._image("1.2.3.3", self.size)
        large.SOPClassUID = large.file_meta.MediaStorageSOPClassUID = SC
        large.SourceImageSequence = [Dataset()]
        large.SourceImageSequence[0].ReferencedSOPInstanceUID = image.SOPInstanceUID
        codestream = jpeg_ls(np.frombuffer(large.PixelData, "<u2").reshape(self.size))
        large.PixelData = encapsulate([codestream])
        large["PixelData"].VR, large["PixelData"].is_undefined_length = "OB", True
        large.file_meta.TransferSyntaxUID = JPEGLSLossless
        self.parts.results.keep_dataset(large)
        self._record(image, [large])
        return str(image.SOPInstanceUID)

    def _image(self, uid: str, size: tuple[int, int]) -> Dataset:
        image = mammogram("LMLO", Exposure(rows=2048, columns=1664, seed=3))
        small = np.asarray(image.pixel_array)
        large = cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC).astype(np.int32)
        noise = np.random.default_rng(0).integers(-8, 9, large.shape)
        pixels = np.where(large > 0, np.clip(large + noise, 0, 0xFFFF), large)
        image.Rows, image.Columns = size
        image.BitsStored, image.HighBit = 16, 15
        image.PixelData = pixels.astype("<u2").tobytes()
        image.StudyInstanceUID = STUDY
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
        return image

    def _record(self, image: Dataset, made: list[Dataset]) -> None:
        ledger, uid = self.parts.ledger, str(image.SOPInstanceUID)
        self.parts.received.keep_dataset(image)
        said = (str(image.SOPClassUID), STUDY, "1.2.3", "1.2.840.10008.1.2.1", "MODALITY", "LMLO")
        ledger.record(Instance(uid, *said, len(image.PixelData), "0" * 32, NOW))
        lane = Priority.ROUTINE
        job = Job(f"job-{uid}", STUDY, (uid,), "everything", "sr", (), lane, NOW, NOW)
        ledger.decide([Decision(uid, "everything", "sr", True, "", job.job_id, NOW)], [job])  # noqa: FBT003
        results = [
            Result(str(one.SOPInstanceUID), SC, "1.2", STUDY, JPEGLSLossless, 1, kind, ())
            for one, kind in zip(made, [Kind.SC_MULTIFRAME], strict=False)
        ]
        ledger.finish(ledger.claim("bench", job.job_id), results, {})


def opening_s(parts: Parts, browser: httpx.Client, uid: str, state: str) -> float:
    """Return how many seconds it takes until the screen is full."""
    if state == "cold":
        parts.album.clear()
    begun = time.perf_counter()
    page = browser.get(f"/studies/{STUDY}/images/{uid}").raise_for_status().text
    for part in page.split('data-pictures="')[1:]:
        fill(browser, part.partition('"')[0])
    return time.perf_counter() - begun


def fill(browser: httpx.Client, address: str) -> None:
    """Ask for what fills a screen with one picture."""
    told = browser.get(address).raise_for_status().json()
    browser.get(f"{address}/tones").raise_for_status()
    steps = [level for level, (rows, _) in enumerate(told["sizes"]) if rows >= SCREEN]
    level = max(steps, default=0)
    rows, columns = told["sizes"][level]
    for row in range(-(-rows // told["tile"])):
        for column in range(-(-columns // told["tile"])):
            browser.get(f"{address}/{level}/{column}/{row}").raise_for_status()


def at_once_s(parts: Parts, browser: httpx.Client, uid: str) -> float:
    """Return how long the last of five who open the same image waits."""
    parts.album.clear()
    page: Callable[[], object] = lambda: opening_s(parts, browser, uid, "as it is")  # noqa: E731
    waiting = [threading.Thread(target=page) for _ in range(5)]
    begun = time.perf_counter()
    for one in waiting:
        one.start()
    for one in waiting:
        one.join()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
