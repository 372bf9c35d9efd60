"""The page: one a run, a section a study."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.mammogram.attributes import text
from pipelines.results.provenance import DISCLAIMER
from service.findings.held import Held, Results, Unreadable, opened
from service.report.gallery import Gallery
from service.report.sheet import Left, Page
from service.report.study import Sources, date_of, study

NAME = "report.html"


class Record(Protocol):
    """What became of a file, or of the files of a study."""

    @property
    def paths(self) -> Sequence[str]:
        """The files."""
        ...

    @property
    def outcome(self) -> str:
        """``done``, ``partly``, ``skipped`` or ``failed``."""
        ...

    @property
    def reason(self) -> str:
        """Why nothing, or not all, was made; empty where all was."""
        ...

    @property
    def results(self) -> Sequence[str]:
        """The names of the objects that were made."""
        ...


def write_report(out: Path, records: Sequence[Record]) -> Path:
    """Write the page about `records`, whose result objects lie in `out`, and return its path."""
    gallery = Gallery(out)
    gallery.clear()
    page = Page(
        DISCLAIMER,
        [study(one, number, gallery) for number, one in enumerate(_studies(out, records), 1)],
        [one for record in records for one in _left(record)],
    )
    part, path = out / f"{NAME}.part", out / NAME
    part.write_text(rendered(page), encoding="utf-8")
    part.replace(path)
    return path


def rendered(page: Page) -> str:
    """Return the page as HTML; whatever stands in a header or a file's name is text in it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(page=page)


@dataclass(slots=True)
class _Gathered:
    """What is known of a study so far."""

    files: list[Held] = field(default_factory=list)
    objects: list[Held] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def _studies(out: Path, records: Sequence[Record]) -> list[Sources]:
    """Return the studies that something was made of, or should have been, by date."""
    found: dict[str, _Gathered] = {}
    for record in records:
        if record.outcome == "skipped":
            continue
        files, made = opened([Path(one) for one in record.paths]), _made(out, record)
        if not files.objects:
            continue
        study_ = found.setdefault(text(files.objects[0].header, "StudyInstanceUID"), _Gathered())
        study_.files += files.objects
        study_.objects += made.objects
        study_.unreadable += [*files.unreadable, *made.unreadable]
        study_.remarks += _remarks(record)
    gathered = [
        Sources(uid, one.files, Results(one.objects, one.unreadable), one.remarks)
        for uid, one in found.items()
    ]
    return sorted(gathered, key=lambda one: (date_of(one.files[0].header), one.uid))


def _remarks(record: Record) -> list[str]:
    """Return why not all was done."""
    return [record.reason] if record.reason else []


def _made(out: Path, record: Record) -> Results:
    return opened([out / name for name in record.results])


def _left(record: Record) -> Iterator[Left]:
    """Yield the files that were skipped or failed, without their folder: it may bear a name."""
    if record.outcome in {"skipped", "failed"}:
        for path in record.paths:
            yield Left(Path(path).name, record.outcome, record.reason)
