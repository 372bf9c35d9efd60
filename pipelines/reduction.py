"""A whole image on one square window, and answers for the window back on the image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.engine import Engine
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import Grey

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Place:
    """What an image of (rows, columns) takes of the window that it was shrunk to."""

    down: slice
    across: slice
    shape: tuple[int, int]


def reduced(grey: Grey, side: int) -> tuple[Values, Place]:
    """Return all of `grey` on a window of `side` x `side`, and where on it.

    0 is the darkest that the image shows and 1 the brightest; it keeps its proportions and lies in
    the middle of black.
    """
    rows, columns = grey.pixels.shape
    longest = max(rows, columns)
    height, width = (max(1, round(side * length / longest)) for length in (rows, columns))
    kind = cv2.INTER_AREA if side < longest else cv2.INTER_LINEAR
    low, high = grey.span
    shown = np.where(grey.background, low, np.clip(grey.pixels, low, high)).astype(np.float32)
    small = cv2.resize(shown, (width, height), interpolation=kind)
    top, left = (side - height) // 2, (side - width) // 2
    place = Place(slice(top, top + height), slice(left, left + width), (rows, columns))
    window = np.zeros((side, side), np.float32)
    window[place.down, place.across] = np.clip((small - low) / (high - low), 0, 1)
    return window, place


def restored(maps: Values, place: Place) -> Values:
    """Return `maps` of a window, (labels, rows, columns), as maps of the whole image."""
    rows, columns = place.shape
    return np.stack(
        [
            cv2.resize(
                one[place.down, place.across], (columns, rows), interpolation=cv2.INTER_LINEAR
            )
            for one in maps
        ]
    )


def answered(engine: Engine, window: Values) -> Values:
    """Return what `engine` answers to one window: (classes,) or (labels, rows, columns) of 0..1.

    Raises:
        CannotProcessError: it is not what its card says, or no number.
    """
    card = engine.card
    batch = np.zeros(card.window, np.float32)
    batch[0] = window
    answer: Values = np.array(engine(batch)[0])
    sides = () if card.task == "classification" else (card.scale * card.tile,) * 2
    wanted = (len(card.labels), *sides)
    if answer.shape != wanted:
        raise CannotProcessError(f"{card.name} answers {answer.shape}, its card says {wanted}")
    if not np.isfinite(answer).all():
        raise CannotProcessError(f"{card.name} answers with no number")
    return answer
