"""How many lesions are found at how many false marks: the free-response curve (FROC)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.evaluation.bootstrap import Interval, intervals

Values = NDArray[np.float64]


class Place(Protocol):
    """Where a lesion is on its image."""

    def holds(self, x: float, y: float) -> bool:
        """Return whether a place, in pixels, is within it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A lesion: a circle, in pixels of its image."""

    x: float
    y: float
    radius: float

    def holds(self, x: float, y: float) -> bool:
        """Return whether a place is within the circle."""
        return float(np.hypot(x - self.x, y - self.y)) <= self.radius


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a method says that there is a lesion, and how sure it is."""

    x: float
    y: float
    certainty: float


@dataclass(frozen=True, slots=True)
class Marked:
    """An image of a patient, its lesions, and what a method marked on it.

    Of the lesions, `truths` are wanted; marks on `others` are neither hits nor false.
    """

    patient: str
    truths: tuple[Place, ...]
    marks: tuple[Mark, ...]
    others: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """At each threshold, the highest first: the share of lesions hit, and false marks an image.

    It begins at 0, 0, where nothing counts as marked.
    """

    thresholds: Values
    sensitivities: Values
    false_marks: Values


@dataclass(frozen=True, slots=True, eq=False)
class _Tally:
    """Of one image or several: what each lesion was found with, and what each false mark is of.

    A lesion that nothing hits is found with minus infinity.
    """

    found: Values
    false: Values
    images: int


def froc(images: Sequence[Marked]) -> Curve:
    """Return the curve of a method on `images`.

    A mark hits a lesion when it lies within it; further hits on a lesion count neither as
    lesions nor as false.

    Raises:
        ValueError: there is no lesion, of which there is no share.
    """
    return _curve(_together([_tally(image) for image in images]))


def sensitivity_at(curve: Curve, false_marks: float) -> float:
    """Return the largest share of lesions hit at no more than so many false marks an image."""
    return float(curve.sensitivities[curve.false_marks <= false_marks].max())


def threshold_at(curve: Curve, false_marks: float) -> float:
    """Return the lowest threshold at no more than so many false marks an image."""
    return float(curve.thresholds[curve.false_marks <= false_marks].min())


def sensitivities(images: Sequence[Marked], false_marks: Sequence[float]) -> list[Interval]:
    """Return the sensitivity at each of these rates of false marks, with its interval.

    Raises:
        ValueError: there is no lesion, of which there is no share.
    """

    def of_drawn(tallies: Sequence[_Tally]) -> list[float]:
        curve = _curve(_together(tallies))
        return [sensitivity_at(curve, rate) for rate in false_marks]

    tallies = [_tally(image) for image in images]
    return intervals(tallies, [image.patient for image in images], of_drawn)


def _tally(image: Marked) -> _Tally:
    found = [
        max((m.certainty for m in image.marks if truth.holds(m.x, m.y)), default=-np.inf)
        for truth in image.truths
    ]
    every = (*image.truths, *image.others)
    false = [m.certainty for m in image.marks if not any(one.holds(m.x, m.y) for one in every)]
    return _Tally(np.array(found, float), np.array(false, float), 1)


def _together(tallies: Sequence[_Tally]) -> _Tally:
    return _Tally(
        np.concatenate([one.found for one in tallies]),
        np.concatenate([one.false for one in tallies]),
        sum(one.images for one in tallies),
    )


def _curve(tally: _Tally) -> Curve:
    """Return the curve of a tally.

    Raises:
        ValueError: there is no lesion, of which there is no share.
    """
    if not tally.found.size:
        raise ValueError("no lesion with a place: there is no sensitivity")
    marked = np.concatenate([tally.found[np.isfinite(tally.found)], tally.false])
    thresholds = np.concatenate([[np.inf], np.unique(marked)[::-1]])
    found, false = np.sort(tally.found), np.sort(tally.false)
    return Curve(
        thresholds,
        (found.size - np.searchsorted(found, thresholds)) / found.size,
        (false.size - np.searchsorted(false, thresholds)) / tally.images,
    )
