"""The outlines of INbreast: property lists that OsiriX wrote, one for each image with marks."""

import difflib
import math
import plistlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from xml.parsers.expat import ExpatError

import cv2
import numpy as np
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from skimage.draw import polygon

from service.datasets.images import Mask
from service.datasets.tables import LARGEST

MASS, CALCIFICATION, OTHER = "MASS", "CALC", "OTHER"
KINDS: Mapping[str, str] = {
    "mass": MASS,
    "calcification": CALCIFICATION,
    "cluster": "CLUSTER",
    "spiculatedregion": "SPICULES",
    "asymmetry": "ASYM",
    "distortion": "ARCH",
}
"""How marks are called; some names of the set are misspelt, others are of unknown meaning."""

ALIKE = 0.85
"""How much a name must be like one of them (difflib's ratio)."""

POINT = re.compile(r"\(\s*([-+.0-9eE]{1,32})\s*,\s*([-+.0-9eE]{1,32})\s*\)")
FARTHEST, MOST = 1e6, 10_000
"""Pixels that a corner may be away, and marks on an image: more than any of the set."""

CORNERS = 3
"""Of an outline at least: some marks are points, or two."""


def _pair(text: object) -> tuple[float, float]:
    match = POINT.fullmatch(text) if isinstance(text, str) else None
    x, y = map(float, match.groups()) if match else (math.nan, math.nan)
    if not (abs(x) <= FARTHEST and abs(y) <= FARTHEST):
        raise ValueError(f"{str(text)[:40]!r} is no point '(x, y)'")
    return x, y


Point = Annotated[tuple[float, float], BeforeValidator(_pair)]
"""(x, y) in pixels, origin top left."""


class _Roi(BaseModel):
    """A mark as OsiriX writes it, with more than is read here."""

    name: str = Field(alias="Name", default="")
    count: int | None = Field(alias="NumberOfPoints", default=None)
    points: list[Point] = Field(alias="Point_px")


class _Image(BaseModel):
    rois: list[_Roi] = Field(alias="ROIs", default_factory=list)


class _File(BaseModel):
    images: list[_Image] = Field(alias="Images")


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody drew: a kind, the name that it was given, and its corners as (x, y)."""

    kind: str
    name: str
    corners: tuple[tuple[float, float], ...]

    @property
    def is_outline(self) -> bool:
        """Whether it encloses anything."""
        return len(self.corners) >= CORNERS

    @property
    def circle(self) -> tuple[float, float, float]:
        """The smallest circle around it: x, y and radius, at least half a pixel."""
        (x, y), radius = cv2.minEnclosingCircle(np.array(self.corners, np.float32))
        return x, y, max(radius, 0.5)

    def scaled(self, scale: float) -> "Mark":
        """Return it on an image that is `scale` times as large."""
        moved = tuple(((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for x, y in self.corners)
        return Mark(self.kind, self.name, moved)

    def leaves(self, shape: tuple[int, int]) -> bool:
        """Whether it goes more than a pixel beyond an image of that shape."""
        rows, columns = shape
        return any(not (-1 <= x <= columns and -1 <= y <= rows) for x, y in self.corners)


def read_marks(path: Path) -> list[Mark]:
    """Return the marks in the XML file at `path`, in their order.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no property list of OsiriX, or larger than any is.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST >> 20} MB")
    try:
        file = _File.model_validate(_plist(path.read_bytes()))
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        said = error.errors()[0]["msg"]
        raise ValueError(f"{path}: no marks of OsiriX: {place}: {said}") from error
    except ValueError as error:
        raise ValueError(f"{path}: no property list: {error}") from error
    rois = [roi for image in file.images for roi in image.rois]
    if len(rois) > MOST:
        raise ValueError(f"{path}: {len(rois)} marks; no image of the set has {MOST}")
    short = next((roi for roi in rois if roi.count not in {None, len(roi.points)}), None)
    if short is not None:
        raise ValueError(
            f"{path}: {short.name!r} should have {short.count} points and has {len(short.points)}"
        )
    return [Mark(_kind(roi.name), roi.name, tuple(roi.points)) for roi in rois if roi.points]


def _plist(held: bytes) -> object:
    """Return what a property list holds; plistlib refuses entities, and so bombs made of them."""
    try:
        return plistlib.loads(held, fmt=plistlib.FMT_XML)
    except (ExpatError, AttributeError, TypeError) as error:  # the last two: a date that is none
        raise ValueError(str(error)) from error


def _kind(name: str) -> str:
    letters = re.sub(r"[^a-z]", "", name.lower())
    like = difflib.get_close_matches(letters[:40], KINDS, n=1, cutoff=ALIKE)
    return KINDS[like[0]] if like else OTHER


def drawn(marks: Sequence[Mark], shape: tuple[int, int]) -> Mask:
    """Return where `marks` are on an image of that shape; what is beyond it is cut off."""
    mask: Mask = np.zeros(shape, np.bool_)
    for mark in marks:
        columns, rows = np.array(mark.corners).T
        if mark.is_outline:
            mask[polygon(rows, columns, shape)] = True
        else:
            at = np.rint([rows, columns]).T
            within = at[np.all((at >= 0) & (at < shape), axis=1)].astype(np.intp)
            mask[within[:, 0], within[:, 1]] = True
    return mask
