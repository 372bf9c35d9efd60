"""Ways to bring the region of a mass before a network: as it is, or enlarged first.

As it is, a region is cut to 128 x 128 (Jimenez-Gaona 2024). What is enlarged first, by a network or
by bicubic interpolation, is that for a network that takes more than 128 x 128, as the paper has it;
for one that takes no more, it is the region at its own pixels, brought to 128 x 128 afterwards.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.cad import answers
from engines.cad.region import cut
from engines.cad.window import Shades, resized
from engines.card import Card
from engines.engine import Engine
from engines.training.regions import SIDE, Mass, region

PLAIN, BICUBIC = "as it is", "bicubic"

Enlarge = Callable[[Shades], Shades]
"""From a picture of 0..1 to one of a whole number of times its sides."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way: its name, and what enlarges the region first, if anything does."""

    name: str
    enlarge: Enlarge | None = None

    def picture(self, mass: Mass, room: float, side: int) -> Shades:
        """Return the region of `mass`, `side` x `side`, 0..1; `room` times as wide as it."""
        return next(self.pictures(mass, room, [side]))

    def pictures(self, mass: Mass, room: float, sides: Sequence[int]) -> Iterator[Shades]:
        """Yield that for several sides, enlarged once: all above 128, or none."""
        around = region(mass, room)
        if self.enlarge is None:
            large = cut(mass.values, around, SIDE)
        else:
            large = self.enlarge(cut(mass.values, around, _cut_to(sides[0]) or around.side))
        for side in sides:
            picture = resized(large, (side, side))
            yield picture if self.enlarge is None else np.clip(picture, 0, 1)


class Album:
    """Regions as they are brought before networks that take these sides.

    What was enlarged for one is kept for the others: enlarging takes far longer than all else.
    """

    def __init__(self, sides: Iterable[int]) -> None:
        self._sides = sorted(set(sides))
        self._kept: dict[tuple[str, Mass, float, int], Shades] = {}

    def picture(self, way: Way, mass: Mass, room: float, side: int) -> Shades:
        """Return what `way.picture` does, of one of the sides."""
        about = (way.name, mass, room)  # ways are opened anew; a shelf has one network of a name
        if (*about, side) not in self._kept:
            alike = [one for one in self._sides if _cut_to(one) == _cut_to(side)]
            for one, picture in zip(alike, way.pictures(mass, room, alike), strict=True):
                self._kept[*about, one] = picture
        return self._kept[*about, side]


def _cut_to(side: int) -> int | None:
    """Return the side that a region is cut to before it is enlarged; None leaves its own pixels."""
    return SIDE if side > SIDE else None


def ways(engines: Sequence[Engine]) -> list[Way]:
    """Return all ways: as it is, and for each network by it and by bicubic of its scale."""
    scales = sorted({engine.card.scale for engine in engines})
    return [
        Way(PLAIN),
        *(Way(named(engine.card), _by_network(engine)) for engine in engines),
        *(Way(bicubic_name(scale), _by_bicubic(scale)) for scale in scales),
    ]


def bicubic_name(scale: int) -> str:
    """Return what the way of bicubic enlargement is called."""
    return f"{BICUBIC} x{scale}"


def peer_of(way: str, among: Iterable[str]) -> str | None:
    """Return the bicubic way of the scale of a network's way."""
    scale = re.search(r"x\d+$", way)
    name = f"{BICUBIC} {scale[0]}" if scale else ""
    return name if name != way and name in among else None


def named(card: Card) -> str:
    """Return the way of a network: its name, which ends with its scale."""
    scale = f"x{card.scale}"
    return card.name if card.name.endswith(scale) else f"{card.name} {scale}"


def _by_network(engine: Engine) -> Enlarge:
    return lambda picture: answers.enlarged(engine, picture)


def _by_bicubic(scale: int) -> Enlarge:
    def enlarge(picture: Shades) -> Shades:
        rows, columns = picture.shape
        size = (scale * columns, scale * rows)
        made: Shades = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
        return made

    return enlarge
