"""Outlined and boxed lesions to learn from."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engines.cad.breast import breast
from engines.cad.tones import toned
from engines.cad.window import Mask, Shades
from engines.images import Grey, read_luma
from engines.training.tables import Row, rows

WHOLE, REGIONS = "mammo/cesm_low_energy", "mammo/cbis_mass"
"""CDD-CESM, low energy: whole images, outlines. CBIS-DDSM: regions of films, boxes, pathology."""

SMALLEST, LARGEST = 250, 20_000
"""Pixels, of 512 x 512, that the outline of one mass encloses."""

SLIMMEST, ROUGHEST = 2.4, 0.75
"""A mass is at most so much longer than wide, and fills at least so much of its hull."""

AIR, EDGE = 20, 250
"""Grey levels of a film between which there is breast."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlined:
    """A whole image in its tones, its breast, and what is outlined on it.

    Of the outlines, `masses` are those of single masses; `others` are not to be learned from.
    `is_oblique` says whether it may show the pectoral muscle, None where nobody knows.
    """

    patient: str
    values: Grey
    shades: Shades
    area: Mask
    masses: tuple[Mask, ...]
    others: Mask
    is_oblique: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Boxed:
    """A region of a film with a mass in `box`: left, top, width and height."""

    patient: str
    values: Grey
    box: tuple[float, float, float, float]
    is_malignant: bool

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, (x, y)."""
        left, top, width, height = self.box
        return left + width / 2, top + height / 2

    @property
    def mask(self) -> Mask:
        """The ellipse in the box: where the mass is, more or less."""
        (x, y), (_, _, width, height) = self.centre, self.box
        rows, columns = np.indices(self.values.shape) + 0.5
        inside: Mask = np.hypot((columns - x) / (width / 2), (rows - y) / (height / 2)) <= 1
        return inside

    @property
    def area(self) -> Mask:
        """Where there is breast: neither air nor the edge of the film."""
        mean = cv2.blur(self.values, (5, 5))
        inside: Mask = (mean > AIR) & (mean < EDGE)
        return inside


def outlined(data: Path) -> list[Outlined]:
    """Return the whole images with their outlines.

    Raises:
        FileNotFoundError: they are not in `data`.
    """
    folder = data / WHOLE
    return [_outlined(folder, row) for row in rows(folder / "labels.csv")]


def _outlined(folder: Path, row: Row) -> Outlined:
    values = read_luma(folder / row["image"])
    area = breast(values)
    drawn = read_luma(folder / row["mask"]) > 0
    masses = [one for one in pieces(drawn) if row["has_mass"] == "1" and is_mass(one)]
    others = drawn & ~np.any([np.zeros_like(drawn), *masses], axis=0)
    is_oblique = row["view"] == "MLO" if "view" in row else None
    shades = toned(values, area)
    return Outlined(row["patient"], values, shades, area, tuple(masses), others, is_oblique)


def boxed(data: Path) -> list[Boxed]:
    """Return the regions of films with their boxes.

    Raises:
        FileNotFoundError: they are not in `data`.
    """
    folder = data / REGIONS
    return [_boxed(folder, row) for row in rows(folder / "labels.csv")]


def _boxed(folder: Path, row: Row) -> Boxed:
    left, top, width, height = (float(row[f"bbox_{end}"]) for end in "xywh")
    is_malignant = row["label"] == "malignant"
    return Boxed(
        row["patient"], read_luma(folder / row["roi"]), (left, top, width, height), is_malignant
    )


def pieces(mask: Mask) -> list[Mask]:
    """Return the connected parts of `mask`."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [labels == number for number in range(1, count)]


def is_mass(piece: Mask) -> bool:
    """Return whether an outline is as large, as round and as full as that of one mass."""
    if not SMALLEST <= np.count_nonzero(piece) <= LARGEST:
        return False
    outlines, _ = cv2.findContours(piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    _, sides, _ = cv2.minAreaRect(outline)
    fill = cv2.contourArea(outline) / cv2.contourArea(cv2.convexHull(outline))
    return bool(max(sides) <= SLIMMEST * min(sides) and fill >= ROUGHEST)


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what `mask` holds."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return left, top, width, height
