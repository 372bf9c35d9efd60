"""Twice the pixels, by a network trained on natural images (Honjo 2022)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from pydicom import Dataset
from pydicom.uid import (
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
from pipelines.mammogram.read import Grey, read
from pipelines.pipeline import Context
from pipelines.quality.piqe import piqe
from pipelines.results.encode import jpeg_ls
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
GREYSCALE = frozenset({"MONOCHROME1", "MONOCHROME2"})


@dataclass(frozen=True, slots=True)
class SuperResolution:
    """From one greyscale image to the enlarged image and a report of the quality of both."""

    name: str = "super-resolution"
    network: str = "fsrcnn-x2"

    def skips(self, header: Dataset) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        sop_class = text(header, "SOPClassUID")
        if is_ours(header):
            return "it is a result of this system"
        if (
            sop_class in FOR_PROCESSING
            or text(header, "PresentationIntentType") == "FOR PROCESSING"
        ):
            return "it is for processing, not for presentation"
        if sop_class not in ACCEPTED:
            return "its SOP class is not one that is enlarged"
        if (integer(header, "NumberOfFrames") or 1) > 1:
            return "it has several frames"
        if text(header, "PhotometricInterpretation") not in GREYSCALE:
            return "it is not greyscale"
        return None

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
    rows, columns = pixels.shape
    size = (columns, rows)
    background = grey.background
    if grey.padding is not None:
        _keep_apart(pixels, grey)
    if background.any():
        where = cv2.resize(background.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        kept = cv2.resize(grey.pixels, size, interpolation=cv2.INTER_NEAREST)
        np.copyto(pixels, kept, where=where.view(np.bool_))
    return replace(grey, pixels=pixels)


def _keep_apart(pixels, grey: Grey) -> None:
    """Keep new pixels off the padding's side of the range, lest they be taken for padding."""
    low, high = grey.span
    first, last = grey.padding
    if last < low:
        np.maximum(pixels, low, out=pixels)
    elif first > high:
        np.minimum(pixels, high, out=pixels)
