"""A lesion on the page: its crops, and what the reports state of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engines.cad.finding import Points
from pipelines.display import FOR_PRESENTATION
from pipelines.mammogram.attributes import text
from service.report.gallery import Gallery
from service.report.held import Held
from service.report.pictures import MOST_PICTURE, Box, Tones, part, repeats_of, shrunk
from service.report.said import Mark
from service.report.sheet import Gap, Lesion, Line, Picture, Row
from service.report.tree import area_of, centre_of

LABEL_GAP = 0.015
"""Off the outline, in columns of the image."""
LABEL_ROOM = 0.1
"""What a label needs to the right of an outline, in columns of the image."""
MILLIMETRES = 10
"""The length of the bar on a crop."""
VERDICTS = {True: "suspicious", False: "not suspicious", None: "not stated"}


@dataclass(frozen=True, slots=True, eq=False)
class Enlarged:
    """An enlarged image as it is shown, and the outlines that presentation states draw on it."""

    tones: Tones
    scale: int
    outlines: Mapping[str, Points]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What lesions of one image are shown on; `enlarged` is the reason where there is no image."""

    source: Held
    tones: Tones | None
    enlarged: Enlarged | str
    spacing: tuple[float, ...]
    place: str

    @property
    def bar(self) -> float:
        """Pixels of the source that the bar is long, 0 where that is not known."""
        return MILLIMETRES / self.spacing[1] if self.spacing else 0.0


def lesion(mark: Mark, label: str, scene: Scene, gallery: Gallery) -> Lesion:
    """Return what the page shows of a lesion, its crops written."""
    return Lesion(
        anchor=f"{scene.place}-lesion-{label}",
        title=mark.identifier or f"Lesion {label}",
        verdict=VERDICTS[mark.is_suspicious],
        is_suspicious=bool(mark.is_suspicious),
        probability=percent(mark.probability),
        crops=list(_crops(mark, label, scene, gallery)),
        rows=list(_rows(mark, scene.spacing)),
    )


def line(mark: Mark, label: str, corners: Points, columns: int) -> Line:
    """Return how an outline is drawn on an image of so many columns, its label beside it."""
    first, last = corners.min(axis=0), corners.max(axis=0)
    is_right = last[0] < (1 - LABEL_ROOM) * columns
    x = last[0] + LABEL_GAP * columns if is_right else first[0] - LABEL_GAP * columns
    return Line(
        label=label,
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in corners),
        label_x=round(float(x), 1),
        label_y=round(float(first[1] + last[1]) / 2, 1),
        anchor="start" if is_right else "end",
        is_suspicious=bool(mark.is_suspicious),
    )


def percent(value: float | None) -> str:
    """Return a percentage for people."""
    return "not stated" if value is None else f"{value:.1f} %"


def _crops(mark: Mark, label: str, scene: Scene, gallery: Gallery) -> Iterator[Picture | Gap]:
    if scene.tones is None:
        yield Gap("Source", "none: its pixels cannot be read")
        return
    box, large = Box.around(mark.outline, scene.tones.shape), scene.enlarged
    scale = large.scale if isinstance(large, Enlarged) else 1
    repeats, name = repeats_of(box, scale), f"{scene.place}-lesion-{label}"
    shown = shrunk(part(scene.tones, box, repeats * scale), MOST_PICTURE)
    drawn = line(mark, label, mark.outline, scene.tones.shape[1])
    said = f"{mark.identifier or label}, {VERDICTS[mark.is_suspicious]}, with its outline"
    file = gallery.keep(f"{name}-source", shown)
    yield Picture("Source", f"Part of the source: {said}", file, box, [drawn], scene.bar)
    if not isinstance(large, Enlarged):
        yield Gap("Super-resolved", large)
        return
    shown = shrunk(part(large.tones, box.enlarged(scale), repeats), MOST_PICTURE)
    corners = large.outlines.get(mark.uid, scale * mark.outline) / scale
    drawn = line(mark, label, corners, scene.tones.shape[1])
    file, title = gallery.keep(f"{name}-enlarged", shown), f"Super-resolved x{scale}"
    yield Picture(title, f"Same part, super-resolved: {said}", file, box, [drawn], scene.bar)


def _rows(mark: Mark, spacing: tuple[float, ...]) -> Iterator[Row]:
    yield Row("Probability of malignancy", percent(mark.probability), is_main=True)
    given = "none: the region was given by the sender"
    yield Row(
        "Certainty of the detector", given if mark.certainty is None else percent(mark.certainty)
    )
    pixels = f"{area_of(mark.outline):.0f} px"
    yield Row("Area", pixels if mark.area is None else f"{mark.area:g} mm² ({pixels})")
    yield Row("Centre", _centre(centre_of(mark.outline), spacing))
    yield Row("Tracking UID", mark.uid or "none")


def _centre(centre: tuple[float, float], spacing: Sequence[float]) -> str:
    x, y = centre
    pixels = f"x {x:.1f}, y {y:.1f} px"
    if not spacing:
        return f"{pixels} (spacing unknown)"
    return f"{pixels}; x {x * spacing[1]:.1f}, y {y * spacing[0]:.1f} mm"


def why_not_enlarged(source: Held) -> str:
    """Return why there is no enlarged image of `source`, as far as its header tells."""
    intent = text(source.header, "PresentationIntentType")
    if intent and intent != FOR_PRESENTATION:
        return f"none: {intent.lower()}"
    return "none among the results"
