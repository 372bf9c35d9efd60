"""The files of CBIS-DDSM: which is of which film, and which is a mask and which a crop."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.mammogram.attributes import text
from service.datasets.cbis_tables import FOLDERS
from service.datasets.finding import distinct, files_under, grouped
from service.datasets.images import Mask, read_pixels
from service.errors import NodeError
from service.ledger.reading import read_file

ALIKE = 0.01
"""How far the shapes of a mask and its film may differ, as a share."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The mask of an abnormality, and what is doubtful about it."""

    mask: Mask
    doubts: tuple[str, ...]


def index(source: Path) -> Mapping[str, list[Path]]:
    """Return the DICOM files below `source` by the film or abnormality they are of.

    Folders are named after it; where none is, the Patient ID in the header says it.

    Raises:
        ValueError: `source` is no folder.
    """
    return grouped(files_under(source, lambda name: name.lower().endswith(".dcm")), _owner)


def _owner(path: Path) -> str:
    for part in reversed(path.parent.parts):
        if FOLDERS.fullmatch(part):
            return part
    try:
        stated = text(read_file(path, stop_before_pixels=True), "PatientID")
    except NodeError:
        return ""
    return stated if FOLDERS.fullmatch(stated) else ""


def first_there(names: Iterable[str], files: Mapping[str, list[Path]]) -> Sequence[Path]:
    """Return the files under the first of `names` that has any."""
    return next((files[name] for name in names if name in files), [])


def read_outline(paths: Sequence[Path], shape: tuple[int, int]) -> Outline:
    """Return the mask among files of which the others are crops; the film has that `shape`.

    The names and headers of these files are no guide: the two are swapped in many folders. A mask
    has two values; of several, that counts which is as large as the film, or most nearly of its
    shape. A crop may be broken: it is not used.

    Raises:
        OSError: a file is not there.
        ValueError: none is a mask; the message says what each is.
    """
    looked_at = [_mask(path) for path in distinct(paths)]
    masks = [one for one in looked_at if not isinstance(one, str)]
    if not masks:
        raise ValueError(f"no mask: {'; '.join(str(said) for said in looked_at)}")
    mask = min(masks, key=lambda one: (one.shape != shape, _unlike(one.shape, shape), -one.size))
    return Outline(mask, tuple(_doubts(mask, len(masks), shape)))


def _mask(path: Path) -> Mask | str:
    """Return where an image of two values has the higher one; else why it is no mask."""
    try:
        pixels = read_pixels(path)
    except ValueError as error:
        return str(error)
    low, high = pixels.min(), pixels.max()
    is_high: Mask = pixels == high
    if low == high or not np.all(is_high | (pixels == low)):
        return f"{path}: one grey value" if low == high else f"{path}: more than two grey values"
    return is_high


def _doubts(mask: Mask, masks: int, shape: tuple[int, int]) -> Iterable[str]:
    if masks > 1:
        yield f"{masks} files are masks; the one most like the film in shape was taken"
    if _unlike(mask.shape, shape) > ALIKE:
        yield f"the mask is {_said(mask.shape)} and the film {_said(shape)}: it was stretched"
    if np.count_nonzero(mask) > mask.size / 2:
        yield "the mask covers more than half of the film"


def _unlike(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Return how much one shape is slimmer or wider than another, as a share."""
    return abs(one[0] / one[1] / (other[0] / other[1]) - 1)


def _said(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
