"""What a folder of prepared images holds, and what is missing or doubtful in it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from service.datasets.finding import digest, grouped
from service.datasets.folder import PART
from service.datasets.preparing import SUMMARY
from service.datasets.tables import Table, plain, read_table

LABELS, OUTLINES = "labels.csv", ("masks.csv", "outlines.csv")
NO_LESION = frozenset({"normal"})
X, Y = plain("x_px"), plain("y_px")


@dataclass(frozen=True, slots=True)
class Checked:
    """What one set holds."""

    folder: str
    images: int
    patients: int
    lesions: int
    """Rows of labels.csv that are no normal image."""
    by_severity: Mapping[str, int]
    """Rows: benign, malignant and, of images without lesions, normal."""
    by_kind: Mapping[str, int]
    by_split: Mapping[str, int]
    masks: int
    problems: Sequence[str] = field(default_factory=list)
    """What is missing or broken."""
    doubts: Sequence[str] = field(default_factory=list)


def sets_under(root: Path) -> list[Path]:
    """Return the prepared sets at `root`, in it, or in its folder mammo.

    Raises:
        ValueError: there is none.
    """
    here = [root, *sorted(root.glob("*")), *sorted(root.glob("mammo/*"))]
    found = [folder for folder in here if (folder / LABELS).is_file()]
    if not found:
        raise ValueError(
            f"{root}: no prepared set (no {LABELS} there, in a folder of it, or in mammo/*); "
            "make one by `senoscope datasets prepare`"
        )
    return found


def check(folder: Path) -> Checked:
    """Return what the set in `folder` holds.

    Raises:
        OSError: a table cannot be read.
        ValueError: a table is none, or lacks a column.
    """
    labels = read_table(folder / LABELS, ("patient",))
    image = _column(labels, ("image", "roi"))
    severity = _column(labels, ("severity", "label"))
    images = sorted({row[image] for row in labels.rows})
    masks = list(_masks(folder, labels, image))
    pictures = {*images, *(one.path for one in masks)}
    rows = labels.rows
    return Checked(
        folder=str(folder),
        images=len(images),
        patients=len({row["patient"] for row in rows}),
        lesions=sum(row[severity] not in NO_LESION for row in rows),
        by_severity=_counted(rows, severity),
        by_kind=_counted(rows, "abnormality"),
        by_split=_counted(rows, "split"),
        masks=len(masks),
        problems=[
            *_broken(folder, pictures),
            *_strange(folder, masks),
            *_said(folder, ("missing", "failed")),
            *(f"{path.relative_to(folder)}: half-written" for path in folder.rglob(f"*{PART}")),
        ],
        doubts=[
            *_outside(folder, labels, image),
            *(f"{one.path}: marked as doubtful" for one in masks if one.is_doubtful),
            *_alike(folder, images),
            *_unlisted(folder, images),
            *_across(rows),
            *_said(folder, ("doubts",)),
        ],
    )


def _column(table: Table, names: Sequence[str]) -> str:
    found = next((name for name in names if table.rows and name in table.rows[0]), None)
    if found is None:
        raise ValueError(f"{table.path}: no column {' or '.join(names)}, or no rows")
    return found


def _counted(rows: Iterable[Mapping[str, str]], column: str) -> dict[str, int]:
    counts = Counter(row[column] for row in rows if row.get(column))
    return dict(sorted(counts.items()))


@dataclass(frozen=True, slots=True)
class _Mask:
    path: str
    image: str
    is_doubtful: bool


def _masks(folder: Path, labels: Table, image: str) -> Iterator[_Mask]:
    """Yield the masks that the tables name."""
    tables = [
        read_table(folder / name, ("mask", "image")) for name in OUTLINES if _is(folder, name)
    ]
    for row in [*labels.rows, *(row for table in tables for row in table.rows)]:
        if row.get("mask"):
            named = row.get(image) or row["image"]
            yield _Mask(row["mask"], named, row.get("quality") == "doubtful")


def _is(folder: Path, name: str) -> bool:
    return (folder / name).is_file()


def _broken(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield which pictures are missing or broken; PNG has sums of its own to tell."""
    for name in sorted(names):
        try:
            with Image.open(folder / name) as picture:
                picture.verify()
        except FileNotFoundError:
            yield f"{name}: named in a table, not there"
        except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: Pillow of a broken PNG
            yield f"{name}: broken: {error}"


def _strange(folder: Path, masks: Iterable[_Mask]) -> Iterator[str]:
    """Yield which masks are empty, or of another size than their image."""
    for one in masks:
        try:
            with Image.open(folder / one.path) as mask, Image.open(folder / one.image) as image:
                if mask.size != image.size:
                    yield f"{one.path}: {mask.size} pixels, and its image {image.size}"
                elif not np.asarray(mask).any():
                    yield f"{one.path}: empty"
        except (OSError, SyntaxError, ValueError):
            continue  # was said before


def _outside(folder: Path, labels: Table, image: str) -> Iterator[str]:
    """Yield which places are not on their image."""
    for row in labels.rows:
        if not (row.get(X) and row.get(Y)) or not _is(folder, row[image]):
            continue
        x, y = float(row[X]), float(row[Y])
        with Image.open(folder / row[image]) as picture:
            columns, rows = picture.size
        if not (0 <= x <= columns and 0 <= y <= rows):
            yield f"{row[image]}: a lesion at ({x:g}, {y:g}), outside the {columns} x {rows} pixels"


def _alike(folder: Path, images: Sequence[str]) -> Iterator[str]:
    """Yield which images are the same, byte for byte."""
    there = [folder / name for name in images if _is(folder, name)]
    for alike in grouped(there, digest).values():
        if len(alike) > 1:
            yield f"the same image: {', '.join(str(path.relative_to(folder)) for path in alike)}"


def _unlisted(folder: Path, images: Sequence[str]) -> Iterator[str]:
    """Yield which images no table names."""
    for top in sorted({Path(name).parts[0] for name in images}):
        there = {str(path.relative_to(folder)) for path in (folder / top).glob("*.png")}
        yield from (f"{name}: not in {LABELS}" for name in sorted(there - set(images)))


def _across(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield which patients are on both sides of an official split."""
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row["patient"], set()).add(row.get("split", ""))
    yield from (
        f"patient {patient} is in {' and '.join(sorted(names))}"
        for patient, names in sorted(splits.items())
        if len(names) > 1
    )


def _said(folder: Path, keys: Sequence[str]) -> Iterator[str]:
    """Yield what the last preparation said."""
    if _is(folder, SUMMARY):
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        for key in keys:
            yield from summary.get(key, [])
