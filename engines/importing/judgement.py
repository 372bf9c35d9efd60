"""Whether an answer is that of a network of its task."""

import numpy as np
from numpy.typing import NDArray

from engines.importing.foreign import ForeignError, UnsaidError
from engines.importing.running import SAME
from engines.importing.wish import Found, Wish


def judged(answer: NDArray[np.float32], found: Found, wish: Wish) -> Found:
    """Return what is `found`, having looked at one answer.

    Raises:
        ForeignError: it is not the answer of a network of that task.
    """
    if not np.isfinite(answer).all():
        raise ForeignError("answers with NaN or infinity: its weights are broken")
    lowest, highest = float(answer.min()), float(answer.max())
    scale = 1
    if wish.task == "classification":
        _look_at_classes(answer.shape, wish)
    else:
        scale = _scale(answer.shape, found, wish)
    if wish.task != "super-resolution" and not -SAME <= lowest <= highest <= 1 + SAME:
        raise UnsaidError(
            f"answers {lowest:.3g} to {highest:.3g}, which are no probabilities: say how they "
            "become such with --activation softmax or sigmoid",
            "activation",
        )
    return found.model_copy(update={"lowest": lowest, "highest": highest, "scale": scale})


def _look_at_classes(shape: tuple[int, ...], wish: Wish) -> None:
    classes = shape[1]
    if classes != wish.labels:
        raise ForeignError(f"answers {classes} classes: --labels names {wish.labels}")


def _scale(shape: tuple[int, ...], found: Found, wish: Wish) -> int:
    """Return how many places of the answer a pixel has along each axis."""
    channels = wish.labels if wish.task == "segmentation" else 1
    if shape[1] != channels:
        raise ForeignError(f"answers {shape[1]} channels, {channels} are wanted")
    inside, rows = found.tile - 2 * found.halo, shape[2]
    scales = {"segmentation": [1]}.get(wish.task, [wish.scale] if wish.scale else [4, 3, 2])
    for scale in scales:
        rest = rows - scale * inside
        if rows == shape[3] and 0 <= rest <= 2 * scale * found.halo and rest % 2 == 0:
            return scale
    wanted = "the same size" if wish.task == "segmentation" else "2 to 4 times that"
    raise ForeignError(f"answers {rows} x {shape[3]} to {found.tile} x {found.tile}: want {wanted}")
