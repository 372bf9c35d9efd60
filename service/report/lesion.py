"""A lesion on the page: its crops, and what the reports state of it."""

from collections.abc import Iterator, Sequence

from engines.cad.finding import Points, area_of, centre_of
from service.findings.labels import VERDICTS, percent
from service.findings.said import Mark
from service.report.crops import Enlarged, Part, Scene, pair
from service.report.gallery import Gallery
from service.report.pictures import Box
from service.report.sheet import Gap, Lesion, Line, Picture, Row

LABEL_GAP = 0.015
"""Off the outline, in columns of the image."""
LABEL_ROOM = 0.1
"""What a label needs to the right of an outline, in columns of the image."""


def lesion(
    mark: Mark, label: str, scene: Scene, spacing: Sequence[float], gallery: Gallery
) -> Lesion:
    """Return what the page shows of a lesion, its crops written."""
    return Lesion(
        anchor=f"{scene.place}-lesion-{label}",
        title=mark.identifier or f"Lesion {label}",
        verdict=VERDICTS[mark.is_suspicious],
        is_suspicious=bool(mark.is_suspicious),
        probability=percent(mark.probability),
        crops=list(_crops(mark, label, scene, gallery)),
        rows=list(_rows(mark, spacing)),
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


def _crops(mark: Mark, label: str, scene: Scene, gallery: Gallery) -> Iterator[Picture | Gap]:
    if scene.tones is None:
        yield Gap("Source", "none: its pixels cannot be read")
        return
    columns, corners = scene.tones.shape[1], mark.outline
    box, name = Box.around(corners, scene.tones.shape), mark.identifier or f"Lesion {label}"
    if isinstance(scene.enlarged, Enlarged):
        corners = scene.enlarged.corners_of(mark.uid, corners)
    wanted = Part(
        f"lesion-{label}",
        f"{name}, {VERDICTS[mark.is_suspicious]}, with its outline",
        box,
        [line(mark, label, mark.outline, columns)],
        [line(mark, label, corners, columns)],
    )
    yield from pair(scene, wanted, gallery)


def _rows(mark: Mark, spacing: Sequence[float]) -> Iterator[Row]:
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
    pixels = _place(*centre, "px")
    if not spacing:
        return f"{pixels} (spacing unknown)"
    return f"{pixels}; {_place(centre[0] * spacing[1], centre[1] * spacing[0], 'mm')}"


def _place(x: float, y: float, unit: str) -> str:
    """Return a place in one piece, whatever the width of the page."""
    return f"x {x:.1f}, y {y:.1f} {unit}".replace(" ", "\N{NO-BREAK SPACE}")
