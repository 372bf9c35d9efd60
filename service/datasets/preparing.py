"""Preparing a collection item by item: what is done is not done again."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from service.datasets.folder import Entry, Rows, SetFolder
from service.datasets.origins import Origin
from service.datasets.tables import as_csv

MASKS = (
    "mask",
    "image",
    "patient",
    "lesion_index",
    "abnormality",
    "severity",
    "roi_x",
    "roi_y",
    "roi_w",
    "roi_h",
    "mask_area_px",
    "centre_dist_px",
    "mask_style",
    "quality",
)
"""The columns of masks.csv."""

SUMMARY, README = "prepared.json", "README.md"
READMES = Path(__file__).with_name("readmes")


@dataclass(frozen=True, slots=True)
class Made:
    """What is made of an item: files by their path below the folder, and rows of tables."""

    files: Mapping[str, bytes]
    rows: Rows
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """What is made at once, such as a film with its lesions."""

    key: str
    sources: tuple[Path, ...]
    facts: str
    """What tables say of it; if that changes it is made again."""
    make: Callable[[], Made]
    """Raises OSError or ValueError where a source is missing or broken."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A set that is to be prepared."""

    origin: Origin
    folder: str
    """Below the root of all data."""
    recipe: str
    """Changes when the same sources are to give something else."""
    columns: Mapping[str, Sequence[str]]
    """Of each table, by its name."""
    items: Sequence[Item]
    readme: str
    missing: Mapping[str, str] = field(default_factory=dict)
    """What the tables name and the folder lacks, by the key of the item or of a part of it."""
    doubts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a plan."""

    collection: str
    folder: str
    made: int
    """Items made now."""
    kept: int
    """Items made before."""
    rows: Mapping[str, int]
    """Of each table."""
    missing: Sequence[str]
    failed: Sequence[str]
    doubts: Sequence[str]


def prepare(plan: Plan, root: Path, watch: Callable[[], None]) -> Summary:
    """Prepare a set below `root`, and call `watch` after each item.

    An item that fails keeps no other back. What was prepared from other sources before stays.

    Raises:
        OSError: the folder cannot be written.
        ValueError: the folder is in use, or is not of this command.
    """
    folder = SetFolder(root / plan.folder)
    failed: dict[str, str] = {}
    with folder.held():
        before = folder.remembered(plan.recipe)
        entries = dict(before)
        for item in plan.items:
            stamp = _stamp(item)
            if item.key not in before or before[item.key].stamp != stamp:
                try:
                    entries[item.key] = _written(folder, plan, item, stamp)
                except _SourceError as error:
                    entries.pop(item.key, None)
                    failed[item.key] = str(error)
            watch()
        summary = _summary(plan, folder.path, before, entries, failed)
        _write_tables(folder, plan, entries)
        folder.write(README, plan.readme.encode())
        folder.write(SUMMARY, json.dumps(asdict(summary), indent=2).encode())
    return summary


class _SourceError(Exception):
    """A source is missing or broken; the others may be whole."""


def _written(folder: SetFolder, plan: Plan, item: Item, stamp: str) -> Entry:
    """Make an item, write it, and only then write down that it is there."""
    try:
        made = item.make()
    except (OSError, ValueError) as error:
        raise _SourceError(str(error)) from error
    for name, held in made.files.items():
        folder.write(name, held)
    sizes = {name: len(held) for name, held in made.files.items()}
    entry = Entry(
        key=item.key,
        recipe=plan.recipe,
        stamp=stamp,
        files=sizes,
        rows=made.rows,
        doubts=made.doubts,
    )
    folder.remember(entry)
    return entry


def _stamp(item: Item) -> str:
    """Return what tells the sources of an item, and what is said of it, from anything else."""
    states = [(path, path.stat()) for path in item.sources if path.exists()]
    seen = [(path.name, state.st_size, state.st_mtime_ns) for path, state in states]
    return hashlib.sha256(repr((item.facts, sorted(seen))).encode()).hexdigest()


def _write_tables(folder: SetFolder, plan: Plan, entries: Mapping[str, Entry]) -> None:
    for table, columns in plan.columns.items():
        folder.write(f"{table}.csv", as_csv(columns, _rows(entries, table)))


def _rows(entries: Mapping[str, Entry], table: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table in the order of the keys of their items."""
    for key in sorted(entries):
        yield from entries[key].rows.get(table, [])


def _summary(
    plan: Plan,
    path: Path,
    before: Mapping[str, Entry],
    entries: Mapping[str, Entry],
    failed: Mapping[str, str],
) -> Summary:
    doubts = [f"{key}: {doubt}" for key in sorted(entries) for doubt in entries[key].doubts]
    kept = sum(before.get(key) is entry for key, entry in entries.items())
    return Summary(
        collection=plan.origin.name,
        folder=str(path),
        made=len(entries) - kept,
        kept=kept,
        rows={table: sum(1 for _ in _rows(entries, table)) for table in plan.columns},
        missing=[said for key, said in sorted(plan.missing.items()) if key not in entries],
        failed=[f"{key}: {said}" for key, said in sorted(failed.items())],
        doubts=[*plan.doubts, *doubts],
    )


def readme(origin: Origin, folder: str) -> str:
    """Return what a prepared folder says of itself."""
    text = (READMES / f"{origin.name}.md").read_text(encoding="utf-8")
    return (
        f"# {folder}: {origin.title}, made by `senoscope datasets prepare {origin.name}`\n{text}"
        f"Source: {origin.home}\nTerms: {origin.terms}. Cite: {origin.citation}.\n"
        "Not for clinical use.\n"
    )
