"""What must come out: the phantom, enlarged by the reference in this process."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from engines.backends.onnxruntime import open_reference
from engines.card import Card
from engines.engine import Batch, Engine
from engines.verification import Tally
from pipelines.mammogram.read import read
from pipelines.super_resolution import enlarged

ROUNDING = 1
"""Both were rounded to what DICOM can hold: so many steps are none."""


@dataclass(frozen=True, slots=True)
class Golden:
    """The pixels that are right, and how far others may stray."""

    card: Card
    pixels: NDArray[np.unsignedinteger]
    span: int
    """Steps between the darkest and the brightest that the source can hold."""

    @property
    def digest(self) -> str:
        """SHA-256 of the pixels, 16 bits each."""
        return hashlib.sha256(self.pixels.astype("<u2").tobytes()).hexdigest()

    def objection(self, image: Dataset) -> str:
        """Return in which way the pixels of `image` are wrong; empty if they are right."""
        if image.get("Rows") is None or "PixelData" not in image:
            return "the enlarged image has no pixels"
        found = np.squeeze(image.pixel_array)
        if found.shape != self.pixels.shape:
            return f"the enlarged image is {found.shape}, {self.pixels.shape} is right"
        if np.array_equal(found, self.pixels):
            return ""
        steps = np.abs(found.astype(np.int64) - self.pixels)
        strays = np.maximum(steps - ROUNDING, 0) / self.span
        zero = np.zeros((1, 1, *strays.shape), np.float32)
        verdict = Tally().with_pair(_batch(strays), zero, self.card).verdict(self.card, "golden")
        return f"the enlarged image is wrong: it {verdict.reason}" if verdict.reason else ""


def golden(image: Dataset, card: Card) -> Golden:
    """Return what the reference makes of `image` by the network of `card`, as it is served.

    Raises:
        UnusableError: if the reference cannot be run here.
    """
    with closing(open_reference(card)) as reference:
        return _by(reference, image)


def _by(engine: Engine, image: Dataset) -> Golden:
    grey = read(image)
    low, high = grey.span
    return Golden(engine.card, enlarged(grey, engine).pixels, int(high - low))


def _batch(strays: NDArray[np.floating]) -> Batch:
    return strays[np.newaxis, np.newaxis].astype(np.float32)


def remembered(image: Dataset) -> Callable[[Card], Golden]:
    """Return what gives the golden pixels of `image`, computed once for each set of weights."""
    known: dict[str, Golden] = {}

    def of(card: Card) -> Golden:
        if card.sha256 not in known:
            known.clear()
            known[card.sha256] = golden(image, card)
        return known[card.sha256]

    return of
