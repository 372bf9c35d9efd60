"""Which picture belongs to which: by what DICOM objects say, or by the names of PNG files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from pipelines.mammogram.attributes import integer, items, text
from service.errors import BadConfigurationError
from service.ledger.reading import UNREADABLE
from service.reader_study.cases import LISTING, Case, read_cases

PNG = ".png"
LISTS = frozenset({".csv", ".toml"})
ENLARGED = re.compile(r"[-_. ](sr|super[-_ ]?resolved|x[2348])$", re.IGNORECASE)
"""Ends the name of the PNG that was made of the one without it."""
FOLDERS = ("original", "super-resolved")
"""PNG files of the same name, one in each, belong together too."""
WANTED = ("SOPInstanceUID", "Rows", "Columns", "SourceImageSequence")


@dataclass(frozen=True, slots=True)
class _Header:
    path: Path
    header: Dataset

    @property
    def uid(self) -> str:
        return text(self.header, "SOPInstanceUID")

    @property
    def rows(self) -> int:
        return integer(self.header, "Rows") or 0

    @property
    def sources(self) -> set[str]:
        found = items(self.header, "SourceImageSequence")
        return {text(one, "ReferencedSOPInstanceUID") for one in found}


def cases_at(paths: Sequence[Path]) -> list[Case]:
    """Return the cases that lists name, or that can be told from the files in folders.

    Raises:
        BadConfigurationError: there is none, a list is wrong, or a picture is not there.
    """
    found: list[Case] = []
    files: list[Path] = []
    for path in paths:
        listing = path / LISTING if path.is_dir() else path
        if listing.is_file() and listing.suffix.lower() in LISTS:
            found += _listed(listing)
        else:
            files += _files(path)
    found += [Case(original=one, super_resolved=large) for one, large in pairs(files)]
    if not found:
        raise BadConfigurationError(
            f"{', '.join(map(str, paths))}: no original is there together with an image that was "
            f"made of it; `senoscope reader-study prepare` makes them, or list them in {LISTING}"
        )
    return found


def pairs(files: Iterable[Path]) -> list[tuple[Path, Path]]:
    """Return each original with the largest image that was made of it, by path."""
    known = sorted(set(files))
    pictures = [path for path in known if path.suffix.lower() == PNG]
    others = [one for path in known if path.suffix.lower() != PNG if (one := _header(path))]
    return sorted([*_by_source(others), *_by_name(pictures)])


def _listed(listing: Path) -> list[Case]:
    found = read_cases(listing)
    for number, case in enumerate(found, start=1):
        if case.pictures is None:
            raise BadConfigurationError(
                f"{listing}: row {number} does not name both original and super_resolved"
            )
        for path in case.pictures:
            if not path.is_file():
                raise BadConfigurationError(f"{listing}: row {number}: there is no file {path}")
    return found


def _files(path: Path) -> list[Path]:
    return [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]


def _header(path: Path) -> _Header | None:
    try:
        header = _Header(path, dcmread(path, stop_before_pixels=True, specific_tags=list(WANTED)))
    except (InvalidDicomError, *UNREADABLE):
        return None
    return header if header.rows and header.uid else None


def _by_source(found: Sequence[_Header]) -> Iterator[tuple[Path, Path]]:
    for source in found:
        made = [one for one in found if source.uid in one.sources and one.rows > source.rows]
        if made:
            yield source.path, max(made, key=lambda one: one.rows).path


def _by_name(pictures: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    there = set(pictures)
    for large in pictures:
        stem = ENLARGED.sub("", large.stem)
        beside = large.with_name(f"{stem}{large.suffix}")
        if stem != large.stem and beside in there:
            yield beside, large
        original = large.parent.parent / FOLDERS[0] / large.name
        if large.parent.name == FOLDERS[1] and original in there:
            yield original, large
