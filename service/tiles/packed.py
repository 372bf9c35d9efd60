"""A picture in a file: all its steps, tile after tile, so that one is read without the others."""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipelines.mammogram.read import Pixels
from service.ledger.disk import disk_errors
from service.tiles.picture import Picture
from service.tiles.pyramid import LITTLE_ENDIAN, TILE, Grid, resized

_LENGTH = struct.Struct("<I")
PIXEL = 2
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What stands at the beginning of such a file."""

    rows: int
    columns: int
    center: float
    width: float
    values: int
    """How many tones follow, one byte each; the tiles come after them."""

    @property
    def grid(self) -> Grid:
        """Its pixels."""
        return Grid(self.rows, self.columns)

    @property
    def size(self) -> int:
        """Bytes of the whole file, but for this beginning."""
        steps = (self.grid.size(level) for level in range(self.grid.levels))
        return self.values + PIXEL * sum(rows * columns for rows, columns in steps)


def bytes_of(rows: int, columns: int) -> int:
    """Return about how many bytes the file of such a picture has."""
    return Packed(rows, columns, 0, 0, 1 << 16).size


def pack(picture: Picture, path: Path) -> None:
    """Write `picture` to a new file.

    Raises:
        SpoolFullError: the disk has no room.
        UnavailableError: the disk fails.
    """
    rows, columns = picture.pixels.shape
    told = Packed(rows, columns, picture.center, picture.width, len(picture.tones))
    beginning = json.dumps(asdict(told)).encode()
    with disk_errors(path.parent), path.open("xb") as file:
        file.write(_LENGTH.pack(len(beginning)) + beginning)
        file.write(picture.tones.tobytes())
        step = picture.pixels
        for level in range(told.grid.levels):
            step = resized(step, told.grid.size(level))
            for tile in _tiles(step):
                file.write(tile)


@dataclass(frozen=True, slots=True)
class Pack:
    """Such a file, opened by its beginning; it need not be there when a tile is asked for."""

    path: Path
    told: Packed
    start: int
    """Where the tones begin."""

    def tones(self) -> bytes:
        """Return the tone of each value, 0 black and 255 white.

        Raises:
            UnavailableError: it is not there any more, or the disk fails.
        """
        return self._read(self.start, self.told.values)

    def tile(self, level: int, column: int, row: int) -> bytes:
        """Return a tile that its grid holds: row by row, two bytes a pixel.

        Raises:
            UnavailableError: it is not there any more, or the disk fails.
        """
        grid = self.told.grid
        before = sum(_area(grid.size(each)) for each in range(level))
        rows, columns = grid.size(level)
        high = min(TILE, rows - row * TILE)
        wide = min(TILE, columns - column * TILE)
        before += row * TILE * columns + column * TILE * high
        return self._read(self.start + self.told.values + PIXEL * before, PIXEL * high * wide)

    def _read(self, offset: int, length: int) -> bytes:
        with disk_errors(self.path.parent), self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


def opened(path: Path) -> Pack:
    """Return the pack at `path`.

    Raises:
        UnavailableError: it is not there, or the disk fails.
    """
    with disk_errors(path.parent), path.open("rb") as file:
        return Pack(path, *_beginning(file))


def _beginning(file: BinaryIO) -> tuple[Packed, int]:
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    return Packed(**json.loads(file.read(length))), _LENGTH.size + length


def _area(size: tuple[int, int]) -> int:
    rows, columns = size
    return rows * columns


def _tiles(step: Pixels) -> Iterator[memoryview]:
    """Yield the tiles of a step, row by row of them."""
    rows, columns = step.shape
    for top in range(0, rows, TILE):
        for left in range(0, columns, TILE):
            cut = step[top : top + TILE, left : left + TILE]
            yield np.ascontiguousarray(cut, LITTLE_ENDIAN).data
