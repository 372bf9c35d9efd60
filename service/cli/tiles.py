"""The images that networks are tried on: one's own, or phantoms."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from engines.evaluation.tiles import Shades
from engines.images import SUFFIXES, read_luma
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import read
from pipelines.phantom import Exposure, View, mammogram
from pipelines.super_resolution import SuperResolution
from service.errors import RefusedError

VIEWS: tuple[View, ...] = ("LCC", "RMLO")
SIZE = Exposure(rows=1024, columns=832)
TOP = 255


def images_in(paths: list[Path]) -> list[Shades]:
    """Return the grey images in those files and folders, DICOM, PNG or PGM; phantoms for none.

    Raises:
        RefusedError: none of them is an image that can be read.
    """
    if not paths:
        return [_shades(mammogram(view, SIZE)) for view in VIEWS]
    found = [image for path in _files(paths) for image in _image(path)]
    if not found:
        raise RefusedError(f"no grey image that can be read in {', '.join(map(str, paths))}")
    return found


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def _image(path: Path) -> Iterator[Shades]:
    """Yield the image in that file, if it is one that pipelines take."""
    if path.suffix.lower() in SUFFIXES:
        yield read_luma(path).astype(np.float32) / np.float32(TOP)
        return
    try:
        image = dcmread(path)
        if SuperResolution().skips(image) is None:
            yield _shades(image)
    except (InvalidDicomError, CannotProcessError):
        return


def _shades(image: Dataset) -> Shades:
    """Return the pixels as a pipeline gives them to a network: 0..1 over the range in use."""
    grey = read(image)
    low, high = grey.span
    held = np.clip(grey.pixels, low, high).astype(np.float32)
    return (held - low) / np.float32(high - low)
