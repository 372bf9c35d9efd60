"""Masses and the regions around them: what networks that segment and classify are shown.

The protocol, fixed here: the region of a mass is the square around the middle of its box whose side
is ROOM times the longer side of the box, cut to 128 x 128 pixels (Jimenez-Gaona 2024 crops to the
mass by hand and resizes to 128 x 128). Its percentiles 1 and 99 become 0 and 1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.cad.finding import Region
from engines.cad.region import cut
from engines.cad.window import Mask, Shades, resized
from engines.images import Grey, read_luma
from engines.training import films
from engines.training.lesions import bounds, boxed, is_mass, pieces
from engines.training.splits import Split, by_patient
from engines.training.tables import Row, rows

CESM, CBIS = "mammo/cesm_low_energy", "mammo/cbis_mass"

SIDE = 128
"""Of a region as it is cut."""

ROOM = 1.5
"""Side of a region in longer sides of the mass's box: a quarter of one is left on each side."""

KEPT = 5.4
"""Side of what is kept of an image around a mass, in longer sides of its box."""

SMALLEST = 24
"""Least side of a region, in pixels of the image."""

HALF = 0.5

SIGNS: Mapping[str, tuple[str, ...]] = {
    "shape": ("IRREGULAR", "OVAL", "LOBULATED", "ROUND", "ARCHITECTURAL_DISTORTION"),
    "margins": ("CIRCUMSCRIBED", "ILL_DEFINED", "SPICULATED", "OBSCURED", "MICROLOBULATED"),
    "assessment": ("2", "3", "4", "5"),
}
"""Words that the table of CBIS-DDSM says of a mass besides."""


@dataclass(frozen=True, slots=True, eq=False)
class Mass:
    """A mass with what is around it on its image.

    `values` are grey levels; `mask` is where the mass is; `counts` is where that is known, which is
    not where something else is outlined. `middle` is (x, y) and `extent` the longer side of the
    mass's box, in pixels. An ellipse in a box is no outline. `signs` are those of SIGNS, 0 or 1.
    """

    set: str
    name: str
    patient: str
    values: Grey
    mask: Mask
    counts: Mask
    middle: tuple[float, float]
    extent: float
    is_malignant: bool
    is_outlined: bool
    signs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A region as a network is shown it, 128 x 128, and what is wanted of it."""

    name: str
    patient: str
    shades: Shades
    mask: Mask
    counts: Mask
    is_malignant: bool


def region(mass: Mass, room: float = ROOM) -> Region:
    """Return the region around `mass`."""
    side = max(SMALLEST, round(room * mass.extent))
    x, y = mass.middle
    return Region(round(x - side / 2), round(y - side / 2), side)


def question(mass: Mass, room: float = ROOM) -> Question:
    """Return the region of `mass` as a network is shown it."""
    around = region(mass, room)
    return Question(
        mass.name,
        mass.patient,
        cut(mass.values, around, SIDE),
        part(mass.mask, around, SIDE),
        part(mass.counts, around, SIDE),
        mass.is_malignant,
    )


def part(mask: Mask, of: Region, side: int) -> Mask:
    """Return a region of a mask as `side` x `side` pixels; beyond the image there is nothing."""
    wide = np.zeros((of.side, of.side), np.float32)
    rows_there, columns_there = mask.shape
    top, left = max(0, of.top), max(0, of.left)
    bottom, right = min(rows_there, of.top + of.side), min(columns_there, of.left + of.side)
    inner = mask[top:bottom, left:right]
    wide[top - of.top : bottom - of.top, left - of.left : right - of.left] = inner
    made: Mask = resized(wide, (side, side)) > HALF
    return made


def cesm(data: Path) -> list[Mass]:
    """Return the outlined masses of CDD-CESM; all are of malignant cases.

    Raises:
        FileNotFoundError: they are not in `data`.
    """
    folder = data / CESM
    return [
        mass
        for row in rows(folder / "labels.csv")
        if row["has_mass"] == "1"
        for mass in _of_whole(folder, row)
    ]


def _of_whole(folder: Path, row: Row) -> Iterator[Mass]:
    """Yield the outlines of an image that are of the size and shape of one mass."""
    values, drawn = read_luma(folder / row["image"]), read_luma(folder / row["mask"]) > 0
    for number, piece in enumerate(pieces(drawn)):
        if is_mass(piece):
            name = f"{Path(row['image']).stem}_{number}"
            others = drawn & ~piece
            is_malignant = row["label"] == "malignant"
            yield _mass(
                (CESM, name, row["patient"]), values, piece, others, is_malignant=is_malignant
            )


def outlined_films(data: Path, set_name: str = films.MIAS) -> list[Mass]:
    """Return the outlined masses of mini-MIAS, or of a set laid out like it; no doubtful ones.

    Raises:
        FileNotFoundError: they are not in `data`.
    """
    folder = data / set_name
    found = [row for row in rows(folder / "masks.csv") if films.is_sound(row)]
    masks = {row["mask"]: read_luma(folder / row["mask"]) > 0 for row in found}
    made = []
    for row in found:
        mask = masks[row["mask"]]
        peers = [masks[one["mask"]] for one in found if one["image"] == row["image"]]
        others = np.any(peers, axis=0) & ~mask
        values, is_malignant = read_luma(folder / row["image"]), row["severity"] == "malignant"
        name = Path(row["mask"]).stem
        made.append(
            _mass((set_name, name, row["patient"]), values, mask, others, is_malignant=is_malignant)
        )
    return made


def _mass(
    who: tuple[str, str, str], values: Grey, mask: Mask, others: Mask, *, is_malignant: bool
) -> Mass:
    """Return an outlined mass with as much of its image as is ever shown of it."""
    left, top, width, height = bounds(mask)
    extent = max(width, height)
    x, y = left + width / 2, top + height / 2
    reach = round(KEPT / 2 * max(extent, SMALLEST))
    from_row, from_column = max(0, round(y) - reach), max(0, round(x) - reach)
    kept = slice(from_row, round(y) + reach), slice(from_column, round(x) + reach)
    return Mass(
        *who,
        values[kept],
        mask[kept],
        ~others[kept],
        (x - from_column, y - from_row),
        extent,
        is_malignant=is_malignant,
        is_outlined=True,
    )


def cbis(data: Path) -> list[Mass]:
    """Return the boxed masses of CBIS-DDSM, as ellipses.

    Raises:
        FileNotFoundError: they are not in `data`.
    """
    table = rows(data / CBIS / "labels.csv")
    return [
        Mass(
            CBIS,
            Path(row["roi"]).stem,
            one.patient,
            one.values,
            one.mask,
            np.ones_like(one.mask),
            one.centre,
            max(one.box[2:]),
            is_malignant=one.is_malignant,
            is_outlined=False,
            signs=tuple(_signs(row)),
        )
        for row, one in zip(table, boxed(data), strict=True)
    ]


def _signs(row: Row) -> Iterator[float]:
    """Yield of each word of each sign whether it is said."""
    for column, known in SIGNS.items():
        said = row.get(column, "").replace("|", "-").split("-")
        yield from (float(word in said) for word in known)


def split(data: Path, set_name: str) -> Split:
    """Return the split of the patients of a set, by pathology where it has several.

    Raises:
        FileNotFoundError: it is not in `data`.
    """
    if set_name not in {CESM, CBIS}:
        return films.split(data / set_name)
    strata: dict[str, str] = {}
    for row in rows(data / set_name / "labels.csv"):
        sign = "mass" if row.get("has_mass") == "1" else ""
        strata[row["patient"]] = max(strata.get(row["patient"], ""), f"{row['label']} {sign}")
    return by_patient(strata)


def outlines(data: Path) -> list[Mass]:
    """Return all outlined masses: of CDD-CESM and mini-MIAS, and of INbreast where it is.

    Raises:
        FileNotFoundError: one of the first two is not in `data`.
    """
    made = [*cesm(data), *outlined_films(data)]
    if (data / films.INBREAST / "masks.csv").exists():
        made += outlined_films(data, films.INBREAST)
    return made


def parted(data: Path, masses: list[Mass], which: str) -> list[Mass]:
    """Return the masses whose patients are in that part of their set: train, validation or test."""
    splits = {name: split(data, name) for name in {one.set for one in masses}}
    return [one for one in masses if splits[one.set].parts[one.patient] == which]
