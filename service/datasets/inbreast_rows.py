"""What is made of an image of INbreast and of the marks on it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipelines.display import picture
from pipelines.errors import CannotProcessError
from service.datasets import mini_mias
from service.datasets.finding import only
from service.datasets.images import AGAIN, Mask, Tones, as_png, read_dicom, spacing_of
from service.datasets.inbreast_outlines import CALCIFICATION, MASS, OTHER, Mark, drawn, read_marks
from service.datasets.inbreast_table import Case, FileName
from service.datasets.preparing import Made

COLUMNS = (*mini_mias.COLUMNS, "view", "birads", "acr", "spacing_mm", "roi_name")
"""Those of mini-MIAS, as whose layout it is, and more."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of an image, and the distance of pixels in mm that is wanted, if another."""

    images: tuple[Path, ...]
    marks: tuple[Path, ...]
    spacing: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """An image as it is shown, and how its pixels are spaced in mm, if that is known."""

    name: FileName
    case: Case
    tones: Tones
    spacing: float | None

    @property
    def shared(self) -> dict[str, str]:
        """What all rows about it say."""
        return {
            "image": f"images/{self.name.name}.png",
            "patient": f"inbreast-{self.name.patient}",
            "severity": self.case.severity,
        }

    @property
    def shape(self) -> tuple[int, int]:
        """Its rows and columns."""
        return self.tones.shape[0], self.tones.shape[1]


def make(name: FileName, case: Case, sources: Sources) -> Made:
    """Return what is made of an image and its marks.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is broken, or the table gives no BI-RADS category.
    """
    if case.category is None:
        raise ValueError(f"no BI-RADS category ({case.birads!r}), so no severity")
    drawn_marks = read_marks(only(sources.marks)) if sources.marks else []
    film, scale = _film(name, case, sources)
    marks = [one.scaled(scale) for one in drawn_marks if one.kind != OTHER]
    made = {film.shared["image"]: as_png(film.tones)}
    labels = _labels(film, marks)
    rows: dict[str, list[dict[str, str]]] = {"labels": labels, "masks": [], "outlines": []}
    for one in _outlines(name.name, marks):
        mask = drawn(one.marks, film.shape)
        if mask.any():
            made[one.path] = as_png(mask)
            rows[one.table].append(_mask_row(film, one, mask))
    return Made(made, rows, tuple(_doubts(film, drawn_marks, marks)))


@dataclass(frozen=True, slots=True)
class _Outline:
    """Marks that are drawn into one mask: which table and row of labels.csv it belongs to."""

    table: str
    index: str
    path: str
    marks: tuple[Mark, ...]


def _outlines(name: str, marks: Sequence[Mark]) -> Iterator[_Outline]:
    """Yield what has an outline; the calcifications of an image, with those of a point, share."""
    for index, mark in enumerate(marks):
        if mark.is_outline and mark.kind != CALCIFICATION:
            table = "masks" if mark.kind == MASS else "outlines"
            yield _Outline(table, str(index), f"{table}/{name}_{index}.png", (mark,))
    specks = tuple(mark for mark in marks if mark.kind == CALCIFICATION)
    if specks:
        yield _Outline("outlines", "", f"outlines/{name}_calcifications.png", specks)


def _film(name: FileName, case: Case, sources: Sources) -> tuple[Film, float]:
    """Return an image, and how many times as large as the original it is."""
    path = only(sources.images)
    image = read_dicom(path)
    try:
        tones = picture(image)
    except CannotProcessError as error:
        raise ValueError(f"{path}: {error}{AGAIN}") from error
    spacing = spacing_of(image)
    if sources.spacing is None:
        return Film(name, case, tones, spacing), 1.0
    if spacing is None:
        raise ValueError(f"{path}: its header gives no distance of pixels, so it cannot be shrunk")
    if sources.spacing < spacing:
        raise ValueError(f"{path}: {spacing:g} mm a pixel cannot be shrunk to {sources.spacing:g}")
    scale = spacing / sources.spacing
    rows, columns = (max(1, round(length * scale)) for length in tones.shape)
    small = np.asarray(cv2.resize(tones, (columns, rows), interpolation=cv2.INTER_AREA))
    return Film(name, case, small, sources.spacing), scale


def _labels(film: Film, marks: Sequence[Mark]) -> list[dict[str, str]]:
    return [_label(film, index, mark) for index, mark in enumerate(marks)] or [_unmarked(film)]


def _label(film: Film, index: int, mark: Mark) -> dict[str, str]:
    x, y, radius = mark.circle
    return {
        **_described(film, index, mark.kind),
        "is_mass": str(int(mark.kind == MASS)),
        "x_px": f"{x:.1f}",
        "y_px": f"{y:.1f}",
        "radius_px": f"{radius:.1f}",
        "roi_name": mark.name,
    }


def _unmarked(film: Film) -> dict[str, str]:
    """Return the row about an image without marks: it is normal only if its category says so."""
    if film.case.category in {1, 2}:
        return {**_described(film, 0, "NORM"), "severity": "normal"}
    return _described(film, 0, "UNMARKED")


def _described(film: Film, index: int, kind: str) -> dict[str, str]:
    return {
        **film.shared,
        "side": film.name.side,
        "tissue": film.case.tissue,
        "lesion_index": str(index),
        "abnormality": kind,
        "is_mass": "0",
        "view": film.name.view,
        "birads": film.case.birads,
        "acr": film.case.acr,
        "spacing_mm": "" if film.spacing is None else f"{film.spacing:g}",
    }


def _mask_row(film: Film, outline: _Outline, mask: Mask) -> dict[str, str]:
    left, top, wide, high = cv2.boundingRect(mask.astype(np.uint8))
    leaves = any(mark.leaves(film.shape) for mark in outline.marks)
    return {
        **film.shared,
        "mask": outline.path,
        "lesion_index": outline.index,
        "abnormality": outline.marks[0].kind,
        "roi_x": str(left),
        "roi_y": str(top),
        "roi_w": str(wide),
        "roi_h": str(high),
        "mask_area_px": str(np.count_nonzero(mask)),
        "centre_dist_px": f"{_apart(mask, outline.marks[0]):.1f}" if outline.index else "",
        "mask_style": "osirix",
        "quality": "doubtful" if leaves else "ok",
    }


def _apart(mask: Mask, mark: Mark) -> float:
    """Return how far the middle of a mask is from that of its circle, in pixels."""
    rows, columns = np.nonzero(mask)
    x, y, _ = mark.circle
    return float(np.hypot(columns.mean() - x, rows.mean() - y))


def _doubts(film: Film, drawn_marks: Sequence[Mark], marks: Sequence[Mark]) -> list[str]:
    unknown = Counter(mark.name for mark in drawn_marks if mark.kind == OTHER)
    doubts = [f"{count} marks called {name!r} left out" for name, count in unknown.items()]
    if film.case.side != film.name.side or film.case.view != film.name.view:
        doubts.append(
            f"{film.case.side} {film.case.view} in the table, {film.name.side} {film.name.view} in "
            "the name, which counts"
        )
    beyond = sum(mark.leaves(film.shape) for mark in marks)
    if beyond:
        doubts.append(f"{beyond} marks leave the image; they are cut off there, or have no mask")
    points = sum(mark.kind != CALCIFICATION and not mark.is_outline for mark in marks)
    if points:
        doubts.append(f"{points} marks are points without an outline")
    return doubts
