"""Two to four times the pixels along each side, by a network (Honjo 2022)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from engines.engine import AnswerError, Engine
from engines.tiling import enlarge
from pipelines.display import displayed, tones, voi
from pipelines.eligibility import why_skipped
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import Grey, Pixels, read
from pipelines.pipeline import Context
from pipelines.quality.piqe import piqe
from pipelines.results.encode import jpeg_ls
from pipelines.results.provenance import Origin
from pipelines.results.quality_report import quality_report
from pipelines.results.secondary_capture import secondary_capture

MOST_ROWS = 0xFFFF
"""What Rows and Columns can say (PS3.3 C.7.6.3)."""
STRIP = 256
"""Rows at a time."""


@dataclass(frozen=True, slots=True)
class SuperResolution:
    """From one greyscale image to the enlarged image and a report of the quality of both."""

    name: str = "super-resolution"
    network: str = "fsrcnn-x2"

    def skips(self, header: Dataset) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        return why_skipped(header, "enlarged")

    def run(self, image: Dataset, context: Context) -> list[Dataset]:
        """Return the enlarged image and its quality report.

        Raises:
            CannotProcessError: the pixel data is missing, too large or broken.
        """
        with context.progress("read"):
            grey = read(image)
            shown = voi(image, grey)
            tone_of = tones(shown, grey.top)
        if max(grey.pixels.shape) * context.engine.card.scale > MOST_ROWS:
            raise CannotProcessError(
                f"enlarged, it would have more than {MOST_ROWS} rows or columns"
            )
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
    """Return `grey` through the engine; its background comes back as it was, to the pixel.

    Raises:
        CannotProcessError: the network does not answer as its card says.
    """
    low, high = grey.span
    try:
        pixels = enlarge(engine, np.clip(grey.pixels, low, high), low, high, grey.top)
    except AnswerError as error:
        raise CannotProcessError(str(error)) from error
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
