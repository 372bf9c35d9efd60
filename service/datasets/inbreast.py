"""INbreast (Moreira 2012): DICOM mammograms with outlines that specialists drew."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from service.datasets.finding import archives_under, files_under
from service.datasets.inbreast_rows import COLUMNS, Sources, make
from service.datasets.inbreast_table import Case, FileName, cases, file_name
from service.datasets.origins import INBREAST
from service.datasets.preparing import MASKS, Item, Plan, readme

FOLDER, RECIPE = "mammo/inbreast", "inbreast 1"


def plan(source: Path, spacing: float | None = None) -> Plan:
    """Return how the images below `source` are prepared, shrunk to `spacing` mm if given.

    Raises:
        OSError: a file cannot be read.
        ValueError: the table, or all images or marks are missing, or the table is broken.
    """
    table, said = cases(source)
    images = _images(source)
    marks: dict[str, list[Path]] = {}
    for path in files_under(source, lambda name: name.lower().endswith(".xml")):
        if path.parent.name.lower() != "pectoralmuscle":
            marks.setdefault(path.stem, []).append(path)
    if not marks:
        raise ValueError(INBREAST.lacks(f"no AllXML/NAME.xml{archives_under(source)}", source))
    both = [name for name in images if name.name in said]
    return Plan(
        INBREAST,
        FOLDER,
        f"{RECIPE}, {spacing or 'as it is'}",
        {"labels": COLUMNS, "masks": MASKS, "outlines": MASKS},
        [
            _item(
                name,
                said[name.name],
                Sources(tuple(images[name]), tuple(marks.get(name.name, ())), spacing),
            )
            for name in both
        ],
        readme(INBREAST, FOLDER).replace("{size}", _size(spacing)),
        _missing(table, said, images),
        _strangers(table, said, images, marks),
    )


def _images(source: Path) -> Mapping[FileName, list[Path]]:
    found: dict[FileName, list[Path]] = {}
    for path in files_under(source, lambda name: name.lower().endswith(".dcm")):
        name = file_name(path)
        if name is not None:
            found.setdefault(name, []).append(path)
    if not found:
        hint = archives_under(source)
        raise ValueError(INBREAST.lacks(f"no NAME_PATIENT_MG_SIDE_VIEW_ANON.dcm{hint}", source))
    twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    if twice:
        raise ValueError(f"{source}: {twice[0]} is the name of two images; keep the right one")
    return found


def _size(spacing: float | None) -> str:
    return f"shrunk to {spacing:g} mm a pixel" if spacing else "every pixel of the original"


def _missing(
    table: Path, said: Mapping[str, Case], images: Mapping[FileName, list[Path]]
) -> dict[str, str]:
    there = {one.name for one in images}
    return {
        name: f"{name}_*.dcm: named in {table.name}, not there"
        for name in said
        if name not in there
    }


def _strangers(
    table: Path,
    said: Mapping[str, Case],
    images: Mapping[FileName, list[Path]],
    marks: Mapping[str, list[Path]],
) -> list[str]:
    """Return what is there and belongs to nothing."""
    unnamed = sorted(one.name for one in images if one.name not in said)
    alone = sorted(marks.keys() - {one.name for one in images})
    return [
        *(f"{name}: not named in {table.name}, left out" for name in unnamed),
        *(f"{name}.xml: marks of no image that is there" for name in alone),
    ]


def _item(name: FileName, case: Case, sources: Sources) -> Item:
    return Item(
        name.name,
        sources.images + sources.marks,
        repr((name, case, sources.spacing)),
        partial(make, name, case, sources),
    )
