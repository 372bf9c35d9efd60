"""A whole image on one square window, and answers for the window back on the image."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.window import Place, shrunk
from engines.engine import Engine
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import Grey

Values = NDArray[np.float32]


def reduced(grey: Grey, side: int) -> tuple[Values, Place]:
    """Return all of `grey` on a window of `side` x `side`, and where on it.

    0 is the darkest that the image shows and 1 the brightest; it keeps its proportions and lies in
    the middle of black.
    """
    low, high = grey.span
    shown = np.where(grey.background, low, np.clip(grey.pixels, low, high))
    window, place = shrunk(shown - low, side)
    return np.clip(window / (high - low), 0, 1), place


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
