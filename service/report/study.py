"""A study on the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from pipelines.mammogram.attributes import text
from pipelines.results.views import order_of
from service.findings.held import Held, Results, class_name, made_by, tracked
from service.findings.labels import labels_of
from service.findings.said import (
    Mark,
    examined,
    impressions,
    library,
    lost,
    marks,
    scores,
    statements,
)
from service.report.gallery import Gallery
from service.report.image import NONE_FOUND, Said, image
from service.report.sheet import File, Image, Study

DATE_DIGITS = 8
NONE_SHOWN = "No lesion that can be shown"


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The files of one study, what came of them, and what else is to be said of the run."""

    uid: str
    files: Sequence[Held]
    results: Results
    remarks: Sequence[str]


def study(sources: Sources, number: int, gallery: Gallery) -> Study:
    """Return what the page shows of a study, its pictures written."""
    results, reports, anchor = sources.results, sources.results.reports(), f"study-{number}"
    images, found = _ordered(sources.files, library(reports)), marks(reports)
    labels, missing = labels_of(found), lost(reports, found)
    shown = list(_images(images, results, labels, anchor, gallery))
    if missing:
        shown = [replace(one, verdict=_doubted(one.verdict)) for one in shown]
    return Study(
        anchor=anchor,
        date=date_of(images[0].header if images else Dataset()),
        uid=sources.uid or "unknown",
        remarks=[*sources.remarks, *(f"{one}: its outline cannot be read" for one in missing)],
        impression=impressions(reports),
        images=shown,
        files=[_file(one, labels) for one in results.objects],
        unreadable=[*results.unreadable],
        made_by=made_by(results.objects),
    )


def _doubted(verdict: str) -> str:
    """Return what is to be said of an image of a study whose lesions are not all on the page."""
    return NONE_SHOWN if verdict == NONE_FOUND else verdict


def is_image(held: Held) -> bool:
    """Return whether it is an image, and not an object that says where to look on one."""
    return min(held.size) > 0 and held.sop_class != SegmentationStorage


def date_of(header: Dataset) -> str:
    """Return the Study Date as people write it, as it stands where it is none."""
    date = text(header, "StudyDate")
    if len(date) == DATE_DIGITS and date.isdigit():
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return date or "unknown"


def _ordered(files: Sequence[Held], numbered: Sequence[str]) -> list[Held]:
    """Return the images, each where a CAD report has it, the others by breast and view."""
    places = {uid: place for place, uid in enumerate(numbered)}
    images = (one for one in files if is_image(one))
    return sorted(images, key=lambda one: (places.get(one.uid, len(places)), order_of(one.header)))


def _images(
    images: Sequence[Held],
    results: Results,
    labels: Mapping[str, Mark],
    anchor: str,
    gallery: Gallery,
) -> Iterator[Image]:
    reports = results.reports()
    stated, scored, looked_at = statements(reports), scores(reports), examined(reports)
    for number, one in enumerate(images, 1):
        said = Said(
            number,
            [(label, mark) for label, mark in labels.items() if mark.image == one.uid],
            [statement for statement in stated if statement.image == one.uid],
            scored,
            looked_at.get(one.uid),
        )
        yield image(one, results, said, f"{anchor}-image-{number}", gallery)


def _file(held: Held, labels: Mapping[str, Mark]) -> File:
    named = tracked(held.header)
    return File(
        name=held.path.name,
        what=class_name(held.sop_class),
        description=text(held.header, "SeriesDescription"),
        size=_bytes(held.path.stat().st_size),
        lesions=", ".join(label for label, mark in labels.items() if mark.uid in named),
    )


def _bytes(count: int) -> str:
    kilo = 1000
    return f"{count / kilo**2:.1f} MB" if count >= kilo**2 else f"{max(1, round(count / kilo))} kB"
