"""Training of networks that outline a mass in its region: U-Net or SegNet.

Outlined masses of CDD-CESM and mini-MIAS (and INbreast, where it is), and ellipses in the boxes of
CBIS-DDSM as weak labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from engines.cad.window import Mask, Shades, resized
from engines.evaluation.bootstrap import Interval, intervals
from engines.training.changes import changed
from engines.training.distort import one_of, stacked
from engines.training.loop import Taught
from engines.training.menus import Regions
from engines.training.overlap import Lesson, dice, overlap_loss
from engines.training.regions import (
    CBIS,
    CESM,
    Mass,
    Question,
    cbis,
    outlines,
    parted,
    question,
    split,
)
from engines.training.splits import Part, Split

HALF = 0.5

AT_ONCE = 16
"""Regions that are validated on at once."""

Scores = NDArray[np.float64]

Enlarge = Callable[[Shades], Shades]


class Outlining:
    """A course: masses to learn from and to validate on."""

    figure = "iou"

    def __init__(
        self,
        make: Callable[[], nn.Module],
        menu: Regions,
        masses: Sequence[Mass],
        held: Mapping[Part, Sequence[Mass]],
        enlarge: Enlarge | None = None,
    ) -> None:
        self._make, self._menu, self._enlarge = make, menu, enlarge
        kinds = {
            "wholes": [one for one in masses if one.set == CESM],
            "films": [one for one in masses if one.is_outlined and one.set != CESM],
            "ellipses": [one for one in masses if not one.is_outlined],
        }
        self._kinds = {name: kind for name, kind in kinds.items() if kind}
        self._held = held

    def network(self) -> nn.Module:
        """Return the network before it has learned."""
        return self._make()

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return the loss on some regions."""
        weights = np.array([getattr(self._menu, name) for name in self._kinds], float)
        kinds = chance.choice(len(weights), self._menu.batch, p=weights / weights.sum())
        masses = [one_of(list(self._kinds.values())[kind], chance) for kind in kinds]
        regions = [
            shown(changed(mass, self._menu.augmentation, chance), self._enlarge) for mass in masses
        ]
        loss, given = overlap_loss(network, lesson(regions))
        scores = [overlaps(mask, one) for mask, one in zip(given, regions, strict=True)]
        return Taught(loss, {"iou": float(np.mean([score[0] for score in scores]))})

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return loss, IoU and Dice of the validation: means over outlines, all and set by set."""
        held = self._held["validation"]
        scores, losses = self._scores(network, held)
        names = np.array([one.set for one in held])
        figures = {"loss": losses.mean(), "iou": scores[:, 0].mean(), "dice": scores[:, 1].mean()}
        for name in sorted(set(names)):
            iou, overlap = scores[names == name].mean(axis=0)
            figures |= {f"iou of {name}": iou, f"dice of {name}": overlap}
        return {name: float(value) for name, value in figures.items()}

    def tested(self, network: nn.Module) -> Mapping[str, Interval]:
        """Return IoU and Dice of the test."""
        held = self._held["test"]
        scores, _ = self._scores(network, held)
        sets = np.array([one.set for one in held])
        some = {"": sets != "", **{f" of {name}": sets == name for name in sorted(set(sets))}}
        found: dict[str, Interval] = {}
        for name, counts in some.items():
            patients = [one.patient for one, there in zip(held, counts, strict=True) if there]
            iou, overlap = intervals([*scores[counts]], patients, _means)
            found |= {f"iou{name}": iou, f"dice{name}": overlap}
        return found

    def finished(self, network: nn.Module) -> nn.Module:
        """Return `network`."""
        return network

    def _scores(self, network: nn.Module, held: Sequence[Mass]) -> tuple[Scores, Scores]:
        """Return (IoU, Dice) of each mass, and the loss."""
        regions = [shown(question(one), self._enlarge) for one in held]
        scores, losses = [], []
        for first in range(0, len(regions), AT_ONCE):
            some = regions[first : first + AT_ONCE]
            loss, given = overlap_loss(network, lesson(some))
            losses += [float(loss)] * len(some)
            scores += [overlaps(mask, one) for mask, one in zip(given, some, strict=True)]
        return np.array(scores), np.array(losses)


def read(
    data: Path, make: Callable[[], nn.Module], menu: Regions, enlarge: Enlarge | None = None
) -> Outlining:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: it is not there.
    """
    drawn = outlines(data)
    masses = parted(data, drawn, "train")
    if menu.ellipses:
        masses += parted(data, cbis(data), "train")
    parts: tuple[Part, ...] = ("validation", "test")
    return Outlining(make, menu, masses, {one: parted(data, drawn, one) for one in parts}, enlarge)


def splits(data: Path) -> Mapping[str, Split]:
    """Return the splits by patient that the course keeps to."""
    return {name: split(data, name) for name in {one.set for one in outlines(data)} | {CBIS}}


def shown(region: Question, enlarge: Enlarge | None) -> Question:
    """Return a region as the network is shown it: enlarged by another one before, or as it is."""
    if enlarge is None:
        return region
    shades = enlarge(region.shades)
    mask, counts = (
        resized(one.astype(np.float32), shades.shape) > HALF for one in (region.mask, region.counts)
    )
    return replace(region, shades=shades, mask=mask, counts=counts)


def _means(scores: Sequence[Scores]) -> Sequence[float]:
    """Return the means of IoU and of Dice."""
    means: list[float] = np.array(scores).mean(axis=0).tolist()
    return means


def lesson(regions: Sequence[Question]) -> Lesson:
    """Return regions as a batch."""
    maps = zip(*((one.shades, one.mask, one.counts) for one in regions), strict=True)
    return Lesson(*(stacked([one.astype(np.float32) for one in kind]) for kind in maps))


def overlaps(given: Mask, wanted: Question) -> tuple[float, float]:
    """Return IoU and Dice of a mask where it counts."""
    found = dice(given & wanted.counts, wanted.mask & wanted.counts)
    return found / (2 - found), found
