"""A picture with the outlines of lesions burnt in, for viewers that show nothing else."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from engines.cad.finding import Points
from pipelines.display import Voi, displayed, tones
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Grey
from pipelines.results.derived_image import confess_losses, derive, measure, place
from pipelines.results.legal import instance_number, patient_study
from pipelines.results.lesions import Lesion
from pipelines.results.presentation_state import label_of
from pipelines.results.provenance import DISCLAIMER, Origin, digest, file_meta, sign
from pipelines.results.secondary_capture import capture
from pipelines.results.series import Series, file_in

Picture = NDArray[np.uint8]
"""(rows, columns, 3) of red, green and blue."""

SERIES = Series("overlay", 9401, "AI lesion outlines burnt in RESEARCH")
MOST_ROWS = 2048
"""It is to be looked at, not to be read."""
ORANGE, BLACK = (255, 140, 0), (0, 0, 0)
SUBPIXEL_BITS = 4
SMALLEST_TEXT = 8
TEXTS_IN_HEIGHT, LETTERS_IN_WIDTH = 50, 30
"""How many lines of text would stand one above the other, and about how many letters abreast."""


def overlay(grey: Grey, shown: Voi, lesions: Sequence[Lesion], origin: Origin) -> Dataset:
    """Return `grey`, read from the source of `origin`, as it is shown, with `lesions` drawn in."""
    source = origin.source
    pixels = drawn(displayed(grey.pixels, tones(shown, grey.top)), lesions)
    result = Dataset()
    patient_study(source, result)
    _identify(result, pixels, origin)
    sign(result, origin)
    capture(result, origin)
    names = ", ".join(f"{card.name} {card.version}" for card in origin.cards)
    derive(result, source, f"A picture for display, with outlines by {names} burnt in.")
    _shape(result, pixels)
    place(result, source)
    measure(result, source)
    confess_losses(result, source)
    result.add_new("PixelData", "OB", pixels.tobytes())
    result.file_meta = file_meta(result, ExplicitVRLittleEndian, origin.product.version)
    return result


def drawn(picture: NDArray[np.uint8], lesions: Sequence[Lesion]) -> Picture:
    """Return a grey `picture`, reduced if it is large, with outlines, labels and the notice."""
    rows, columns = picture.shape
    if rows > MOST_ROWS:
        size = max(1, round(columns * MOST_ROWS / rows)), MOST_ROWS
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    canvas = np.stack([picture] * 3, axis=-1)
    scale = np.array((canvas.shape[1] / columns, canvas.shape[0] / rows))
    for lesion in lesions:
        _draw_outline(canvas, scale * lesion.finding.outline)
    return _lettered(canvas, [(label_of(one), scale * one.finding.outline) for one in lesions])


def _draw_outline(canvas: Picture, outline: Points) -> None:
    """Draw a closed line on a dark one; for OpenCV the middle of the first pixel is 0, 0."""
    thickness = max(1, len(canvas) // 700)
    corners = np.rint((outline - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    for colour, width in ((BLACK, 3 * thickness), (ORANGE, thickness)):
        cv2.polylines(
            canvas,
            [corners],
            isClosed=True,
            color=colour,
            thickness=width,
            lineType=cv2.LINE_AA,
            shift=SUBPIXEL_BITS,
        )


def _lettered(canvas: Picture, labels: Sequence[tuple[str, Points]]) -> Picture:
    """Return `canvas` with a label beside each outline and the notice below."""
    rows, columns, _ = canvas.shape
    size = max(SMALLEST_TEXT, min(rows // TEXTS_IN_HEIGHT, columns // LETTERS_IN_WIDTH))
    image, font = Image.fromarray(canvas), ImageFont.load_default(size)
    pen = ImageDraw.Draw(image)
    for said, outline in labels:
        width = pen.textlength(said, font)
        first, last = outline.min(axis=0), outline.max(axis=0)
        right, left = last[0] + size / 2, first[0] - size / 2 - width
        x = right if right + width <= columns else max(0, left)
        y = np.clip(first[1], 0, max(0, rows - 3 * size))
        pen.text((x, y), said, ORANGE, font, stroke_width=max(1, size // 9), stroke_fill=BLACK)
    foot = size / 2, rows - 2 * size
    pen.text(foot, DISCLAIMER, ORANGE, font, stroke_width=max(1, size // 9), stroke_fill=BLACK)
    return np.asarray(image)


def _identify(result: Dataset, pixels: Picture, origin: Origin) -> None:
    source = origin.source
    outcome = digest(pixels.tobytes())
    result.SOPClassUID = SecondaryCaptureImageStorage
    result.SOPInstanceUID = origin.uid(SERIES.name, text(source, "SOPInstanceUID"), outcome)
    file_in(SERIES, result, origin, text(source, "SeriesInstanceUID"))
    result.InstanceNumber = instance_number(source)
    result.ImageType = ["DERIVED", "SECONDARY", "", "AI_OVERLAY"]


def _shape(result: Dataset, pixels: Picture) -> None:
    result.Rows, result.Columns, result.SamplesPerPixel = pixels.shape
    result.PhotometricInterpretation, result.PlanarConfiguration = "RGB", 0
    result.BitsAllocated = result.BitsStored = 8
    result.HighBit, result.PixelRepresentation = 7, 0
