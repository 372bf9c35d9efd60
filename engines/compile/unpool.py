"""Pooling that remembers, and its reverse, without indices: exactly equal, and it runs everywhere.

TensorRT parses no MaxUnpool, and OpenVINO runs it slowly. A 2 x 2 window has four places: the
places, as channels by space-to-depth, are compared with the window's maximum, and the first that
equals it is the one, as in PyTorch's raster order. Unpooling puts the value there and 0 elsewhere.
"""

from collections.abc import Sequence

import numpy as np

from engines.compile.writer import Writer

SIDE = 2
PLACES = SIDE * SIDE


def pool(writer: Writer, name: str, value: str) -> tuple[str, list[str]]:
    """Write a 2 x 2 pooling of `value`; return its maxima and, for each place, where it is it.

    Exactly one place of each window is true: the last one where no other is.
    """
    largest = writer.add("MaxPool", name, [value], kernel_shape=[SIDE] * 2, strides=[SIDE] * 2)
    laid_out = writer.add("SpaceToDepth", f"{name}.laid_out", [value], blocksize=SIDE)
    places = writer.split(f"{name}.place", laid_out, PLACES)
    equal = [
        writer.add("Equal", f"{name}.equal.{number}", [place, largest])
        for number, place in enumerate(places[:-1])
    ]
    return largest, _first_of(writer, name, equal)


def _first_of(writer: Writer, name: str, equal: Sequence[str]) -> list[str]:
    """Return for each place whether it is the first that is equal, the last one if none is."""
    taken = equal[0]
    masks = [taken]
    for number, one in enumerate(equal[1:], 1):
        free = writer.add("Not", f"{name}.free.{number}", [taken])
        masks.append(writer.add("And", f"{name}.first.{number}", [one, free]))
        taken = writer.add("Or", f"{name}.taken.{number}", [taken, one])
    return [*masks, writer.add("Not", f"{name}.first.{PLACES - 1}", [taken])]


def unpool(writer: Writer, name: str, value: str, masks: Sequence[str]) -> str:
    """Write the reverse: each of `value` where its mask is true, 0 in the other places."""
    zero = writer.weight(f"{name}.zero", np.zeros((), np.float32))
    placed = [
        writer.add("Where", f"{name}.place.{number}", [mask, value, zero])
        for number, mask in enumerate(masks)
    ]
    together = writer.add("Concat", f"{name}.together", placed, axis=1)
    return writer.add("DepthToSpace", name, [together], blocksize=SIDE, mode="DCR")
