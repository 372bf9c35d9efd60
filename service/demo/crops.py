"""Before and after, as pictures for people."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from pipelines.display import picture

SIDE = 112
"""Pixels of the source in a crop."""
ZOOM = 2
"""Each pixel of the result is shown as so many, both ways."""
GAP = 8

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Crops:
    """The files of one pair."""

    before: Path
    after: Path
    side_by_side: Path


def write_crops(source: Dataset, result: Dataset, folder: Path, name: str) -> Crops:
    """Write the liveliest region of `source`, and the same region of `result`, as PNG.

    Pixels are repeated, `before` more often, so that both show the same field at the same size.
    """
    shown = picture(source)
    row, column = liveliest(shown)
    side = min(SIDE, *shown.shape)
    scale = result.Rows // source.Rows
    before = _repeated(shown[row : row + side, column : column + side], scale * ZOOM)
    sharp = picture(result)
    top, left = scale * row, scale * column
    after = _repeated(sharp[top : top + scale * side, left : left + scale * side], ZOOM)
    gap = np.full((before.shape[0], GAP), 255, np.uint8)
    crops = Crops(*(folder / f"{name}_{kind}.png" for kind in ("before", "after", "both")))
    Image.fromarray(before).save(crops.before)
    Image.fromarray(after).save(crops.after)
    Image.fromarray(np.hstack([before, gap, after])).save(crops.side_by_side)
    return crops


def liveliest(shown: Grey) -> tuple[int, int]:
    """Return (row, column) of the corner of the region with the most fine bright detail."""
    side = min(SIDE, *shown.shape)
    values = shown.astype(np.float32)
    fine = np.clip(values - cv2.GaussianBlur(values, (0, 0), 4.0), 0, None) ** 2
    fine[cv2.dilate((shown == 0).astype(np.uint8), np.ones((31, 31), np.uint8)) > 0] = 0
    energy = cv2.boxFilter(fine, -1, (side, side), normalize=False, anchor=(0, 0))
    inside = energy[: shown.shape[0] - side + 1, : shown.shape[1] - side + 1]
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(row), int(column)


def _repeated(shown: Grey, times: int) -> Grey:
    return np.kron(shown, np.ones((times, times), np.uint8))
