"""The cases that are open: those that were looked at last, and the one that comes next."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from service.errors import NodeError
from service.reader_study.pictures import open_pair
from service.tiles.picture import Picture, Tones
from service.tiles.pyramid import Grid, Pyramid

MOST_OPEN = 3
"""A full field takes about 0.3 GB."""


OPENING = 2
"""Cases at a time: one that is waited for does not wait for one that is opened ahead."""


class Which(StrEnum):
    """Of the two pictures of a case."""

    ORIGINAL = "original"
    SUPER_RESOLVED = "super-resolved"


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture, ready to be looked at."""

    pyramid: Pyramid
    tones: Tones
    center: float
    width: float


@dataclass(frozen=True, slots=True)
class Opened:
    """Both pictures of a case, on one grid."""

    grid: Grid
    pictures: dict[Which, Shown]


class LightBox:
    """Opens the cases by number, from 1; it holds a few, and opens one ahead."""

    def __init__(self, pairs: Sequence[tuple[Path, Path]]) -> None:
        self._pairs = pairs
        self._pool = ThreadPoolExecutor(OPENING, thread_name_prefix="light-box")
        self._lock = threading.Lock()
        self._open: OrderedDict[int, Future[Opened]] = OrderedDict()

    def look(self, number: int) -> Opened:
        """Return that case, as soon as it is open.

        Raises:
            NodeError: one of its pictures cannot be read.
        """
        opening = self._opening(number)
        try:
            return opening.result()
        except NodeError:
            with self._lock:
                self._open.pop(number, None)
            raise

    def ahead(self, number: int) -> None:
        """Begin to open that case if there is one: somebody will look at it soon."""
        if 1 <= number <= len(self._pairs):
            self._opening(number)

    def close(self) -> None:
        """Open no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _opening(self, number: int) -> Future[Opened]:
        with self._lock:
            if number not in self._open:
                self._open[number] = self._pool.submit(opened, self._pairs[number - 1])
            self._open.move_to_end(number)
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
            return self._open[number]


def opened(paths: tuple[Path, Path]) -> Opened:
    """Return the two pictures at `paths` on the grid of the larger one.

    Raises:
        NodeError: one of them cannot be read.
    """
    pictures = open_pair(paths)
    rows, columns = pictures[1].pixels.shape
    grid = Grid(rows, columns)
    shown = {which: _shown(picture, grid) for which, picture in zip(Which, pictures, strict=True)}
    return Opened(grid, shown)


def _shown(picture: Picture, grid: Grid) -> Shown:
    pyramid = Pyramid(picture.pixels, grid)
    return Shown(pyramid, picture.tones, picture.center, picture.width)
