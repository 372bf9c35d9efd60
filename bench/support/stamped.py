"""DICOM files that can be sent again and again: each time they are other objects."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from pipelines.phantom import Exposure, Picture, mammogram, picture

ROOT = "2.25.1777"
SERIAL = 12
"""Digits behind the root: which study it is; two more tell its UIDs apart."""
STUDY = "2.25.1111111111111111111111111111"
LENGTH = 40
"""Characters of each stamped UID, so that one fits where another was."""


def mammogram_of_27_mb() -> Dataset:
    """Return a full-field mammogram as detectors make it: 4096 x 3328 pixels of 16 bits."""
    return mammogram("LCC", Exposure(rows=4096, columns=3328))


def slice_of_512() -> Dataset:
    """Return a slice of 512 x 512 pixels of 16 bits."""
    return picture("CT", Picture(rows=512, columns=512))


class Stamped:
    """Files of one image, in `folder`, that get other SOP Instance UIDs in place."""

    def __init__(self, image: Dataset, number: int, folder: Path) -> None:
        self._serial = _serials()
        self.paths = [folder / f"{one:04}.dcm" for one in range(number)]
        self._places: list[int] = []
        folder.mkdir(parents=True)
        self._write(image, next(self._serial))

    @property
    def size(self) -> int:
        """Bytes of each file."""
        return self.paths[0].stat().st_size

    def renew(self, number: int) -> list[Path]:
        """Make the first `number` files objects that nobody has seen, and return them."""
        for path in self.paths[:number]:
            uid = next(self._serial).encode()
            with path.open("r+b") as file:
                for place in self._places:
                    file.seek(place)
                    file.write(uid)
        return self.paths[:number]

    def _write(self, image: Dataset, uid: str) -> None:
        image.StudyInstanceUID = STUDY
        image.SOPInstanceUID = uid
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.save_as(self.paths[0], enforce_file_format=True)
        content = self.paths[0].read_bytes()
        self._places = list(_places(content, uid.encode()))
        for path in self.paths[1:]:
            path.write_bytes(content)
        assert dcmread(self.paths[0], stop_before_pixels=True).SOPInstanceUID == uid  # noqa: S101


class StampedStudy:
    """Files of one study, in `folder`, that are another study each time."""

    def __init__(self, images: Sequence[Dataset], folder: Path) -> None:
        self._serial = count(1)
        self._places: dict[Path, list[int]] = {}
        folder.mkdir(parents=True)
        for number, image in enumerate(images, 1):
            image.StudyInstanceUID = _uid(0)
            image.SeriesInstanceUID, image.SOPInstanceUID = _uid(number), _uid(50 + number)
            image.file_meta = FileMetaDataset()
            image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            path = folder / f"{number}.dcm"
            image.save_as(path, enforce_file_format=True)
            found = _places(path.read_bytes(), ROOT.encode())
            self._places[path] = [place + len(ROOT) for place in found]

    def renew(self) -> tuple[str, list[Path]]:
        """Make it a study that nobody has seen; return its UID and its files."""
        serial = f"{next(self._serial):0{SERIAL}}"
        for path, places in self._places.items():
            with path.open("r+b") as file:
                for place in places:
                    file.seek(place)
                    file.write(serial.encode())
        return f"{ROOT}{serial}00", list(self._places)


def _uid(part: int) -> str:
    return f"{ROOT}{0:0{SERIAL}}{part:02}"


def _serials() -> Iterator[str]:
    for number in count(1):
        yield f"2.25.{10 ** (LENGTH - 6) + number}"


def _places(content: bytes, uid: bytes) -> Iterator[int]:
    place = content.find(uid)
    while 0 <= place < 1 << 16:
        yield place
        place = content.find(uid, place + 1)
