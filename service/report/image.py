"""A source image on the page: what is known of it, and what was found on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom import Dataset, dcmread

from pipelines.display import FOR_PRESENTATION, picture
from pipelines.errors import CannotProcessError
from pipelines.mammogram.attributes import text
from pipelines.results.derived_image import side_of, spacing_of
from pipelines.results.views import mammographic_view
from service.findings.held import Held, Results, scale_of
from service.findings.said import Mark, Statement
from service.ledger.reading import UNREADABLE
from service.report.crops import MILLIMETRES, Enlarged, Scene, pair, sample
from service.report.gallery import Gallery
from service.report.lesion import lesion, line
from service.report.pictures import LONGEST, Box, Tones, shrunk
from service.report.sheet import Gap, Image, Picture, Row

SIDES = {"L": "left breast", "R": "right breast", "B": "both breasts"}
UNKNOWN = "unknown"
NONE_FOUND = "No lesion found"


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the reports say of one image; the marks with the labels that they bear on the page."""

    number: int
    marks: Sequence[tuple[str, Mark]]
    statements: Sequence[Statement]
    scores: dict[str, float]
    failure: str | None
    """Why it was not analysed, empty where it was; None where no report of findings is about it."""


def image(source: Held, results: Results, said: Said, place: str, gallery: Gallery) -> Image:
    """Return what the page shows of an image, its pictures written."""
    header = source.header
    large, spacing = results.enlargement_of(source), spacing_of(header)
    tones = shown(source)
    bar = MILLIMETRES / spacing[1] if spacing else 0.0
    scene = Scene(place, tones, _enlarged(large, source, results, said), bar)
    return Image(
        anchor=place,
        title=f"{said.number}. {title_of(header)}",
        verdict=verdict(said),
        rows=list(_rows(source, large, said)),
        picture=_whole(scene, title_of(header), said, gallery),
        lesions=[lesion(mark, label, scene, spacing, gallery) for label, mark in said.marks],
        crops=_sample(scene, said, gallery),
    )


def title_of(header: Dataset) -> str:
    """Return the side and the view, as far as they are known."""
    title = f"{side(header)}, {view(header)}"
    return title[0].upper() + title[1:]


def side(header: Dataset) -> str:
    """Return the side in words."""
    return SIDES.get(side_of(header), "side unknown")


def view(header: Dataset) -> str:
    """Return the view in words: its code's meaning, else its View Position as it stands."""
    found = mammographic_view(header)
    return found.meaning if found else text(header, "ViewPosition") or "view unknown"


def shown(held: Held) -> Tones | None:
    """Return an image as it is displayed, None where its pixels cannot be read."""
    try:
        return picture(dcmread(held.path))
    except (CannotProcessError, OSError, *UNREADABLE):
        return None


def verdict(said: Said) -> str:
    """Return in a few words what was found."""
    if said.failure:
        return said.failure
    if not said.marks:
        return NONE_FOUND if said.failure is not None else "No report of findings"
    count, suspicious = len(said.marks), sum(bool(mark.is_suspicious) for _, mark in said.marks)
    return f"{count} {'lesion' if count == 1 else 'lesions'}, {suspicious} suspicious"


def _enlarged(large: Held | None, source: Held, results: Results, said: Said) -> Enlarged | str:
    """Return the enlarged image where a lesion is to be shown on it, or why there is none."""
    if large is None:
        return _why_not_enlarged(source)
    if said.failure is not None and not said.marks:
        return "nothing is shown of it"
    tones = shown(large)
    if tones is None:
        return f"none: the pixels of {large.path.name} cannot be read"
    return Enlarged(tones, scale_of(large, source), results.outlines_on(large))


def _sample(scene: Scene, said: Said, gallery: Gallery) -> list[Picture | Gap]:
    """Return a part of an image on which nobody looked for lesions: what was it enlarged for?"""
    if said.failure is not None or scene.tones is None or isinstance(scene.enlarged, str):
        return []
    return list(pair(scene, sample(scene.tones), gallery))


def _whole(scene: Scene, title: str, said: Said, gallery: Gallery) -> Picture | Gap:
    shown_as = "Source as displayed"
    if scene.tones is None:
        return Gap(shown_as, "none: its pixels cannot be read")
    rows, columns = scene.tones.shape
    lines = [line(mark, label, mark.outline, columns) for label, mark in said.marks]
    alt = f"{title}, {verdict(said)}"
    file = gallery.keep(scene.place, shrunk(scene.tones, LONGEST))
    return Picture(shown_as, alt, file, Box(0, 0, columns, rows), lines, scene.bar)


def _rows(source: Held, large: Held | None, said: Said) -> Iterator[Row]:
    rows, columns = source.size
    spacing = " x ".join(f"{value:.4g}" for value in spacing_of(source.header))
    yield Row("View", view(source.header))
    yield Row("Side", side(source.header))
    yield Row("Size", f"{rows} x {columns} px (rows x columns)")
    yield Row("Spacing", f"{spacing} mm" if spacing else UNKNOWN)
    yield Row("Super-resolved", _enlargement(source, large))
    if large is not None:
        yield Row(
            "PIQE before → after", f"{_score(source, said)} → {_score(large, said)} (0 is best)"
        )
    for one in said.statements:
        yield Row(f"{one.finding}: {one.name}" if one.finding else one.name, one.value)
    yield Row("SOP Instance UID", source.uid)


def _enlargement(source: Held, large: Held | None) -> str:
    if large is None:
        return _why_not_enlarged(source)
    rows, columns = large.size
    return f"x{scale_of(large, source)}: {rows} x {columns} px"


def _score(held: Held, said: Said) -> str:
    score = said.scores.get(held.uid)
    return "not stated" if score is None else f"{score:.1f}"


def _why_not_enlarged(source: Held) -> str:
    """Return why there is no enlarged image of `source`, as far as its header tells."""
    intent = text(source.header, "PresentationIntentType")
    if intent and intent != FOR_PRESENTATION:
        return f"none: {intent.lower()}"
    return "none among the results"
