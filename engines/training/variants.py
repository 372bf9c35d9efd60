"""The augmentations of Jimenez-Gaona 2024, exactly: seven variants of a region.

784 regions came to 5,486 images there, which is seven of each: the region itself is not among them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.training.regions import Question

SIGMA = 1.5

SHIFT = (20, 20)
"""Pixels to the right and down, of 128."""

ZOOM = 1.2
"""Ours: the paper says only that regions are scaled."""

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _moved(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return _affine(image, 1.0, SHIFT)


def _zoomed(image: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = image.shape
    middle = (1 - ZOOM) * (columns - 1) / 2, (1 - ZOOM) * (rows - 1) / 2
    return _affine(image, ZOOM, middle)


def _affine(
    image: NDArray[np.float32], zoom: float, shift: tuple[float, float]
) -> NDArray[np.float32]:
    """Return `image` enlarged from its corner and moved; what comes in repeats its edge."""
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    rows, columns = image.shape
    made: NDArray[np.float32] = cv2.warpAffine(
        image, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return made


def _blurred(image: NDArray[np.float32]) -> NDArray[np.float32]:
    made: NDArray[np.float32] = cv2.GaussianBlur(image, (0, 0), SIGMA)
    return made


VARIANTS: Mapping[str, Change] = {
    "blur": _blurred,
    "flip horizontal": np.fliplr,
    "flip vertical": np.flipud,
    "translation": _moved,
    "rotation 90": np.rot90,
    "rotation 180": lambda image: np.rot90(image, 2),
    "scaling": _zoomed,
}


def variant(question: Question, name: str) -> Question:
    """Return that variant of a region; its mask goes along, and is not blurred."""
    change = VARIANTS[name]
    mask, counts = (
        one if name == "blur" else change(one.astype(np.float32)) > 0.5  # noqa: PLR2004 - a half
        for one in (question.mask, question.counts)
    )
    shades = np.ascontiguousarray(change(question.shades))
    return replace(question, shades=shades, mask=mask, counts=counts)


def variants(question: Question) -> list[Question]:
    """Return the seven variants of a region."""
    return [variant(question, name) for name in VARIANTS]
