"""Training of the detector of masses: a U-Net on whole images shrunk to one window.

Crops of whole digital images with outlined masses, and regions of films with boxed ones at the
scale that they have when the film is shrunk to the window. Films of mini-MIAS are not among them:
on those it is judged, whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from torch import nn

from engines.cad.detection import blobs_of
from engines.cad.tones import toned
from engines.cad.window import Mask, Shades
from engines.evaluation.bootstrap import Interval, intervals
from engines.evaluation.froc import Mark, Marked, froc, threshold_at
from engines.training.distort import Bounds, one_of, stacked, tinted, warped
from engines.training.lesions import Boxed, Outlined, boxed, outlined
from engines.training.loop import Taught
from engines.training.menus import Crops
from engines.training.overlap import Lesson, overlap_loss
from engines.training.regions import CBIS, CESM, split
from engines.training.splits import Part, Split
from engines.training.tensors import tensor

WHOLES, WHOLE_SIDE = 3, 256
"""Crops of whole images in a batch, and their side."""

REGIONS, REGION_SIDE = 12, 96
"""Regions of films in a batch, and their side."""

FILM_SCALE = 512 / 800
"""Pixels of the window for one of a region: 800 of them are the height of its film."""

ON_A_MASS = 0.6
"""Share of the crops that have a mass in them where there is one."""

FILM = Bounds(
    zoom=1.2, darkest=(-0.05, 0.35), brightest=(0.6, 1.1), blur=1.5, beyond=cv2.BORDER_REFLECT_101
)
"""A region may be any part of the tones of its film; beyond it is its mirror image, so that masses
are not in the middle of everything."""

AS_DIGITAL = 0.6
"""Share of the digital images that are left with tones and sharpness of their kind."""

CERTAIN = 0.5

DICE_OF_WHOLES, DICE_OF_FILMS = "dice of whole images", "dice of regions of films"

OF_WHOLES = (DICE_OF_WHOLES, "sensitivity", "false marks an image")
"""What is told of whole images; the last two are of the operating point."""

LEAST_CERTAINTY = "least certainty"
"""The operating point."""

DIMMEST = 0.01
"""Certainty below which nothing is marked, whatever the operating point."""


class Shared(NamedTuple):
    """Pixels that an answer and a mass have in common, and how many both have together."""

    common: int
    both: int


class Looked(NamedTuple):
    """What was marked on a whole image, and what became of the pixels of its masses."""

    marked: Marked
    shared: Shared


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """An outline, as a lesion to be found."""

    mask: Mask

    def holds(self, x: float, y: float) -> bool:
        """Return whether a place is within the outline."""
        return bool(self.mask[int(y), int(x)])


class Detection:
    """A course: whole images and regions of films to learn from, to validate and to test on."""

    figure = "dice"

    def __init__(
        self,
        make: Callable[[], nn.Module],
        menu: Crops,
        wholes: Mapping[Part, Sequence[Outlined]],
        films: Mapping[Part, Sequence[Boxed]],
    ) -> None:
        self._make, self._menu, self._wholes, self._films = make, menu, wholes, films

    def network(self) -> nn.Module:
        """Return a U-Net."""
        return self._make()

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return the loss on some crops and some regions."""
        wholes = [crop(one_of(self._wholes["train"], chance), chance) for _ in range(WHOLES)]
        films = [film_crop(one_of(self._films["train"], chance), chance) for _ in range(REGIONS)]
        lost = [overlap_loss(network, _lesson(one))[0] for one in (wholes, films)]
        return Taught(lost[0] + lost[1])

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return Dice of both kinds, their mean, the operating point, and what is found there."""
        looked = self._looked(network, "validation")
        least = self._least_certainty(looked)
        wholes = _of_wholes(_reported(looked, least))
        (regions,) = _of_films([_shared(network, one) for one in self._films["validation"]])
        told = dict(zip((DICE_OF_FILMS, *OF_WHOLES), (regions, *wholes), strict=True))
        return {"dice": (told[DICE_OF_WHOLES] + regions) / 2, **told, LEAST_CERTAINTY: least}

    def tested(self, network: nn.Module) -> Mapping[str, Interval]:
        """Return what is found on whole images of the test, and Dice of both kinds."""
        least = self._least_certainty(self._looked(network, "validation"))
        looked = _reported(self._looked(network, "test"), least)
        found = intervals(looked, [one.marked.patient for one in looked], _of_wholes)
        films = self._films["test"]
        shared = [_shared(network, one) for one in films]
        (regions,) = intervals(shared, [one.patient for one in films], _of_films)
        return {**dict(zip(OF_WHOLES, found, strict=True)), DICE_OF_FILMS: regions}

    def finished(self, network: nn.Module) -> nn.Module:
        """Return `network`."""
        return network

    def _looked(self, network: nn.Module, part: Part) -> list[Looked]:
        return [_looked(network, one, self._menu.most_findings) for one in self._wholes[part]]

    def _least_certainty(self, looked: Sequence[Looked]) -> float:
        """Return the lowest certainty at which there are no more false marks than are allowed."""
        curve = froc([one.marked for one in looked])
        return min(1.0, threshold_at(curve, self._menu.false_marks))


def read(data: Path, make: Callable[[], nn.Module], menu: Crops) -> Detection:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: it is not there.
    """
    parts: tuple[Part, ...] = ("train", "validation", "test")
    wholes, films = outlined(data), boxed(data)
    of_wholes, of_films = (splits(data)[name] for name in (CESM, CBIS))
    return Detection(
        make,
        menu,
        {part: of_wholes.of(wholes, part) for part in parts},
        {part: of_films.of(films, part) for part in parts},
    )


def splits(data: Path) -> Mapping[str, Split]:
    """Return the splits by patient that the course keeps to."""
    return {name: split(data, name) for name in (CESM, CBIS)}


def crop(image: Outlined, chance: np.random.Generator) -> tuple[Shades, Shades, Shades]:
    """Return a part of a whole image: shades, where masses are, where that counts."""
    masses = np.any([np.zeros_like(image.area), *image.masses], axis=0)
    on_mass = len(image.masses) > 0 and chance.random() < ON_A_MASS
    among = one_of(image.masses, chance) if on_mass else image.area
    rows, columns = np.nonzero(among)
    at = int(chance.integers(len(rows)))
    far = 0.3 * WHOLE_SIDE if on_mass else 0
    x, y = np.array([columns[at], rows[at]]) + chance.uniform(-far, far, 2)
    maps = [one.astype(np.float32) for one in (image.shades, masses, ~image.others, image.area)]
    shades, wanted, counts, area = warped(maps, (x, y), WHOLE_SIDE, Bounds(), chance)
    bounds = Bounds() if chance.random() < AS_DIGITAL else FILM
    shades = tinted(shades, bounds, chance) * (area > CERTAIN)
    return shades, (wanted > CERTAIN).astype(np.float32), (counts > CERTAIN).astype(np.float32)


def film_crop(region: Boxed, chance: np.random.Generator) -> tuple[Shades, Shades, Shades]:
    """Return a region of a film at the scale of the window, as `crop` does."""
    shades, wanted = film_maps(region)
    x, y = chance.uniform(0, shades.shape[0], 2)
    area = (shades > 0).astype(np.float32)
    shades, wanted, area = warped([shades, wanted, area], (x, y), REGION_SIDE, FILM, chance)
    shades = tinted(shades, FILM, chance) * (area > CERTAIN)
    return shades, (wanted > CERTAIN).astype(np.float32), np.ones_like(shades)


def film_maps(region: Boxed) -> tuple[Shades, Shades]:
    """Return shades and mass of a region at the scale of the window, cut to a side that fits."""
    side = round(region.values.shape[0] * FILM_SCALE)
    shades = toned(region.values, region.area)
    maps = (shades, region.mask.astype(np.float32))
    small = [cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) for one in maps]
    kept = side // 16 * 16
    start = (side - kept) // 2
    inner = slice(start, start + kept)
    return small[0][inner, inner], small[1][inner, inner]


def marked(seen: Shades, image: Outlined, most: int) -> Marked:
    """Return what is marked by a map of a whole image, at most so much, as the chain marks it.

    What lies on another outline counts neither way.
    """
    found = blobs_of(seen, image.values, image.area, is_oblique=image.is_oblique, least=DIMMEST)[
        :most
    ]
    return Marked(
        image.patient,
        tuple(map(Drawn, image.masses)),
        tuple(Mark(*one.centre, one.certainty) for one in found),
        (Drawn(image.others),),
    )


def _given(network: nn.Module, shades: Shades) -> Shades:
    answer = network(tensor(stacked([shades]), network))
    made: Shades = answer[0, 0].float().cpu().numpy()
    return made


def _looked(network: nn.Module, image: Outlined, most: int) -> Looked:
    seen = _given(network, image.shades)
    there = np.any([np.zeros_like(image.area), *image.masses], axis=0)
    shared = _in_common((seen > CERTAIN) & ~image.others, there)
    return Looked(marked(seen, image, most), shared)


def _shared(network: nn.Module, film: Boxed) -> Shared:
    shades, there = film_maps(film)
    return _in_common(_given(network, shades) > CERTAIN, there > CERTAIN)


def _in_common(given: Mask, there: Mask) -> Shared:
    both = int(np.count_nonzero(given)) + int(np.count_nonzero(there))
    return Shared(int(np.count_nonzero(given & there)), both)


def _reported(looked: Sequence[Looked], least: float) -> list[Looked]:
    """Return images with those marks alone that are certain enough."""
    return [
        one._replace(
            marked=replace(
                one.marked, marks=tuple(m for m in one.marked.marks if m.certainty >= least)
            )
        )
        for one in looked
    ]


def _of_wholes(looked: Sequence[Looked]) -> Sequence[float]:
    """Return Dice, sensitivity and false marks an image.

    Raises:
        ValueError: there is no mass on them.
    """
    curve = froc([one.marked for one in looked])
    (overlap,) = _of_films([one.shared for one in looked])
    return overlap, float(curve.sensitivities[-1]), float(curve.false_marks[-1])


def _of_films(shared: Sequence[Shared]) -> Sequence[float]:
    """Return the Dice coefficient of all masses taken as one: 1 if nothing is there or given."""
    common, both = (sum(column) for column in zip(*shared, strict=True))
    return [2 * common / both if both else 1.0]


def _lesson(crops: Sequence[tuple[Shades, Shades, Shades]]) -> Lesson:
    return Lesson(*(stacked(maps) for maps in zip(*crops, strict=True)))
