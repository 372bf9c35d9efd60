"""Pairs for a study out of mammograms: each is enlarged, and both pictures are scored by PIQE."""

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.engine import Engine
from pipelines.display import displayed
from pipelines.errors import CannotProcessError
from pipelines.quality.piqe import piqe
from pipelines.super_resolution import enlarged
from service.errors import BadObjectError
from service.ledger.disk import disk_errors
from service.reader_study.cases import LISTING, Case, read_cases
from service.reader_study.pairing import PNG
from service.reader_study.pictures import BITS_OF_BYTE, open_pair, read_png

COLUMNS = tuple(name for name in Case.model_fields)
PLACES = 2
"""Decimals of a PIQE score."""


class Processed(Protocol):
    """What became of a DICOM file."""

    @property
    def paths(self) -> Sequence[str]:
        """The file."""
        ...

    @property
    def outcome(self) -> str:
        """``done``, ``partly``, ``skipped`` or ``failed``."""
        ...

    @property
    def reason(self) -> str:
        """Why nothing was made."""
        ...

    @property
    def results(self) -> Sequence[str]:
        """The names of the objects that were made."""
        ...


class Enlarging(Protocol):
    """What enlarges DICOM files."""

    def process(self, paths: Sequence[Path]) -> Iterator[Processed]:
        """Yield what became of each file."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of one file: a case, or the reason why there is none."""

    path: Path
    case: Case | None
    reason: str = ""


@dataclass(frozen=True)
class Preparation:
    """Makes pairs in `out`; `objects` is the folder in it that `dicom` writes to."""

    out: Path
    objects: Path
    dicom: Enlarging
    engine: Engine

    def of(self, paths: Sequence[Path]) -> Iterator[Prepared]:
        """Yield what became of each file, once its pair is on the disk.

        Raises:
            UnavailableError: the disk fails.
        """
        pictures = [path for path in paths if path.suffix.lower() == PNG]
        for path in pictures:
            yield self._from_png(path)
        for done in self.dicom.process([path for path in paths if path not in set(pictures)]):
            yield self._from_dicom(done)

    def _from_dicom(self, done: Processed) -> Prepared:
        path = Path(done.paths[0])
        if done.outcome != "done" or not done.results:
            return Prepared(path, None, done.reason)
        return self._scored(path, self.objects / done.results[0])

    def _from_png(self, path: Path) -> Prepared:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        large = self.objects / f"{path.stem}-{digest}-sr{PNG}"
        try:
            grey = read_png(path)
            pixels = enlarged(grey, self.engine).pixels
        except (BadObjectError, CannotProcessError) as error:
            return Prepared(path, None, str(error))
        with disk_errors(self.out):
            self.objects.mkdir(parents=True, exist_ok=True)
            _write_png(large, pixels.astype(np.uint8 if grey.bits == BITS_OF_BYTE else np.uint16))
        return self._scored(path, large)

    def _scored(self, original: Path, large: Path) -> Prepared:
        before, after = scores((original, large))
        case = Case(
            original=Path(os.path.relpath(original, self.out)),
            super_resolved=Path(os.path.relpath(large, self.out)),
            piqe_original=before,
            piqe_super_resolved=after,
        )
        return Prepared(original, case)


def scores(pictures: tuple[Path, Path]) -> tuple[float, ...]:
    """Return the PIQE of the original and of the super-resolved picture, each as it is shown.

    Raises:
        NodeError: one of them cannot be read.
    """
    shown = open_pair(pictures)
    return tuple(round(piqe(displayed(one.pixels, one.tones)), PLACES) for one in shown)


def write_listing(out: Path, made: Iterable[Case]) -> Path:
    """Write `cases.csv`; what people had put into the one before stays.

    Raises:
        BadConfigurationError: the one before cannot be read.
        UnavailableError: the disk fails.
    """
    path = out / LISTING
    kept = {_name(one): one for one in (read_listing(out) if path.is_file() else [])}
    for case in made:
        before = kept.get(_name(case))
        kept[_name(case)] = _merged(before, case) if before else case
    numbered = [
        case.model_copy(update={"case": case.case or str(number)})
        for number, case in enumerate(kept.values(), start=1)
    ]
    part = path.with_name(f"{path.name}.part")
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(_cells(case) for case in numbered)
        part.replace(path)
    return path


def read_listing(out: Path) -> list[Case]:
    """Return the cases of `cases.csv`, their pictures named from `out` as they stand there."""
    return [
        case.model_copy(
            update={
                name: Path(os.path.relpath(value, out))
                for name in ("original", "super_resolved")
                if (value := getattr(case, name)) is not None
            }
        )
        for case in read_cases(out / LISTING)
    ]


def _merged(before: Case, made: Case) -> Case:
    """Return what people know of a case with what was measured now."""
    names = ("super_resolved", "piqe_original", "piqe_super_resolved")
    return before.model_copy(update={name: getattr(made, name) for name in names})


def _name(case: Case) -> str:
    return str(case.original)


def _cells(case: Case) -> Mapping[str, Any]:
    return {name: "" if value is None else value for name, value in case.model_dump().items()}


def _write_png(path: Path, pixels: NDArray[Any]) -> None:
    written, data = cv2.imencode(PNG, pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not written:
        raise BadObjectError("the enlarged picture cannot be written as PNG")
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data.tobytes())
    part.replace(path)
