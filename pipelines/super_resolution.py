"""Twice the pixels, by a network trained on natural images (Honjo 2022)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    MRImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from engines.engine import Engine
from engines.tiling import enlarge
from pipelines.display import displayed, tones, voi
from pipelines.mammogram.attributes import integer, text
from pipelines.mammogram.decode import GREYSCALE
from pipelines.mammogram.read import Grey, Pixels, read
from pipelines.pipeline import Context
from pipelines.quality.piqe import piqe
from pipelines.results.encode import jpeg_ls
from pipelines.results.legal import is_identified
from pipelines.results.provenance import Origin, is_ours
from pipelines.results.quality_report import quality_report
from pipelines.results.secondary_capture import secondary_capture

ACCEPTED = frozenset(
    {
        DigitalMammographyXRayImageStorageForPresentation,
        DigitalXRayImageStorageForPresentation,
        ComputedRadiographyImageStorage,
        CTImageStorage,
        MRImageStorage,
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    }
)
FOR_PROCESSING = frozenset(
    {DigitalMammographyXRayImageStorageForProcessing, DigitalXRayImageStorageForProcessing}
)
STRIP = 256
"""Rows at a time."""


def _is_for_processing(header: Dataset) -> bool:
    intent = text(header, "PresentationIntentType")
    return text(header, "SOPClassUID") in FOR_PROCESSING or intent == "FOR PROCESSING"


def _is_no_image(header: Dataset) -> bool:
    return "Rows" not in header and _is_of_another_class(header)


def _is_tomosynthesis(header: Dataset) -> bool:
    return text(header, "SOPClassUID") == BreastTomosynthesisImageStorage


def _is_of_another_class(header: Dataset) -> bool:
    return text(header, "SOPClassUID") not in ACCEPTED


def _has_several_frames(header: Dataset) -> bool:
    return (integer(header, "NumberOfFrames") or 1) > 1


def _is_not_greyscale(header: Dataset) -> bool:
    return text(header, "PhotometricInterpretation") not in GREYSCALE


def _is_not_identified(header: Dataset) -> bool:
    return not is_identified(header)


SKIPPED: Sequence[tuple[Callable[[Dataset], bool], str]] = (
    (is_ours, "it is a result of this system"),
    (_is_for_processing, "it is for processing, not for presentation"),
    (_is_no_image, "it holds no image"),
    (_is_tomosynthesis, "it is tomosynthesis, and only 2-D images are enlarged"),
    (_is_of_another_class, "its SOP class is not one that is enlarged"),
    (_has_several_frames, "it has several frames"),
    (_is_not_greyscale, "it is not greyscale"),
    (
        _is_not_identified,
        "its UIDs or its Patient ID are not legal, so that no result could be filed with it",
    ),
)
"""Why an image is left alone, the first that applies."""


@dataclass(frozen=True, slots=True)
class SuperResolution:
    """From one greyscale image to the enlarged image and a report of the quality of both."""

    name: str = "super-resolution"
    network: str = "fsrcnn-x2"

    def skips(self, header: Dataset) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        return next((reason for applies, reason in SKIPPED if applies(header)), None)

    def run(self, image: Dataset, context: Context) -> list[Dataset]:
        """Return the enlarged image and its quality report.

        Raises:
            CannotProcessError: the pixel data is missing, too large or broken.
        """
        with context.progress("read"):
            grey = read(image)
            shown = voi(image, grey)
            tone_of = tones(shown, grey.top)
        with context.progress("enlarge"):
            large = enlarged(grey, context.engine)
        with ThreadPoolExecutor(1) as pool:
            encoding = pool.submit(jpeg_ls, large.pixels)
            with context.progress("quality"):
                before, after = (piqe(displayed(one.pixels, tone_of)) for one in (grey, large))
            with context.progress("encode"):
                codestream = encoding.result()
        origin = Origin(
            image, context.product, context.engine.card, context.site_key, context.made_at
        )
        result = secondary_capture(large, shown, codestream, origin)
        return [result, quality_report(result, before, after, origin)]


def enlarged(grey: Grey, engine: Engine) -> Grey:
    """Return `grey` through the engine; its background comes back as it was, to the pixel."""
    low, high = grey.span
    pixels = enlarge(engine, np.clip(grey.pixels, low, high), low, high, grey.top)
    _keep_off_padding(pixels, grey)
    _restore(pixels, grey)
    return replace(grey, pixels=pixels)


def _keep_off_padding(pixels: Pixels, grey: Grey) -> None:
    """Hold `pixels` to the range of `grey` on the padding's side, lest any be taken for padding."""
    low, high = grey.span
    first, last = grey.padding or (low, high)
    if last < low:
        np.maximum(pixels, low, out=pixels)
    elif first > high:
        np.minimum(pixels, high, out=pixels)


def _restore(pixels: Pixels, grey: Grey) -> None:
    """Put the background of `grey` back into its enlargement, a strip at a time."""
    scale = len(pixels) // len(grey.pixels)
    for start in range(0, len(grey.pixels), STRIP):
        where = grey.background[start : start + STRIP]
        if where.any():
            kept, where = (
                _repeated(one, scale) for one in (grey.pixels[start : start + STRIP], where)
            )
            np.copyto(pixels[scale * start :][: len(kept)], kept, where=where)


def _repeated(values: NDArray[Any], scale: int) -> NDArray[Any]:
    return values.repeat(scale, axis=0).repeat(scale, axis=1)
