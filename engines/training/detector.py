"""Training of the detector of masses: a U-Net on whole images shrunk to one window.

Crops of whole digital images with outlined masses, and regions of films with boxed ones at the
scale that they have when the film is shrunk to the window.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from torch import nn

from engines.cad.tones import toned
from engines.cad.window import Mask, Shades
from engines.evaluation.bootstrap import Interval
from engines.training.distort import Bounds, one_of, stacked, tinted, warped
from engines.training.lesions import Boxed, Outlined, boxed, outlined, pieces, split
from engines.training.loop import Taught
from engines.training.overlap import Lesson, dice, overlap_loss
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


class Hits(NamedTuple):
    """What was found of the masses of some images, and what was not there."""

    found: int
    there: int
    false: int


class Detection:
    """A course: whole images and regions of films to learn from and to validate on."""

    figure = "dice"

    def __init__(
        self, make: Callable[[], nn.Module], wholes: Sequence[Outlined], films: Sequence[Boxed]
    ) -> None:
        self._make = make
        self._wholes, self._held_wholes = split(wholes)
        self._films, self._held_films = split(films)

    def network(self) -> nn.Module:
        """Return a U-Net."""
        return self._make()

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return the loss on some crops and some regions."""
        wholes = [crop(one_of(self._wholes, chance), chance) for _ in range(WHOLES)]
        films = [film_crop(one_of(self._films, chance), chance) for _ in range(REGIONS)]
        lost = [overlap_loss(network, _lesson(one))[0] for one in (wholes, films)]
        return Taught(lost[0] + lost[1])

    def tested(self, _: nn.Module) -> Mapping[str, Interval]:
        """Return nothing: the test is `senoscope evaluate mass-detector`, on films."""
        return {}

    def finished(self, network: nn.Module) -> nn.Module:
        """Return `network`."""
        return network

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return Dice of both kinds, their mean, and how many masses of whole images are found."""
        wholes, hits = [], []
        for one in self._held_wholes:
            given = _given(network, one.shades) > CERTAIN
            there = np.any([np.zeros_like(one.area), *one.masses], axis=0)
            wholes.append((given & ~one.others, there))
            hits.append(judged(given, one))
        films = [film_maps(one) for one in self._held_films]
        regions = [(_given(network, shades) > CERTAIN, there > CERTAIN) for shades, there in films]
        found, there, false = (sum(column) for column in zip(*hits, strict=True))
        on_wholes, on_regions = _dice_of_all(wholes), _dice_of_all(regions)
        return {
            "dice": (on_wholes + on_regions) / 2,
            "dice of whole images": on_wholes,
            "dice of regions of films": on_regions,
            "sensitivity": found / max(1, there),
            "false positives an image": false / len(hits),
        }


def read(data: Path, make: Callable[[], nn.Module]) -> Detection:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: it is not there.
    """
    return Detection(make, outlined(data), boxed(data))


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


def judged(given: Mask, image: Outlined) -> Hits:
    """Return which masses hold the centre of something that was found, and what holds none.

    What lies on another outline is neither.
    """
    centres = [np.argwhere(piece).mean(axis=0).round().astype(int) for piece in pieces(given)]
    places = [(int(row), int(column)) for row, column in centres]
    found = sum(any(mass[place] for place in places) for mass in image.masses)
    others = [place for place in places if not image.others[place]]
    false = sum(not any(mass[place] for mass in image.masses) for place in others)
    return Hits(found, len(image.masses), false)


def _given(network: nn.Module, shades: Shades) -> Shades:
    answer = network(tensor(stacked([shades]), network))
    made: Shades = answer[0, 0].float().cpu().numpy()
    return made


def _dice_of_all(pairs: Sequence[tuple[Mask, Mask]]) -> float:
    """Return the Dice coefficient of all masks taken as one."""
    return dice(
        *(np.concatenate([one.ravel() for one in side]) for side in zip(*pairs, strict=True))
    )


def _lesson(crops: Sequence[tuple[Shades, Shades, Shades]]) -> Lesson:
    return Lesson(*(stacked(maps) for maps in zip(*crops, strict=True)))
