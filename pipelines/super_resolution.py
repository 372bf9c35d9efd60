"""Two to four times the pixels along each side, by a network (Honjo 2022)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from engines.engine import AnswerError, Engine
from engines.tiling import enlarge
from pipelines.display import Voi, displayed, tones, voi
from pipelines.eligibility import why_skipped
from pipelines.errors import CannotProcessError
from pipelines.kinds import Kind, Made
from pipelines.mammogram.read import Grey, Pixels, read
from pipelines.pipeline import Context, OfOneImage, Outcome
from pipelines.quality.piqe import piqe
from pipelines.results.derived_mammogram import can_derive, derived_mammogram
from pipelines.results.encode import jpeg_ls
from pipelines.results.measurement_report import reports
from pipelines.results.provenance import Origin
from pipelines.results.quality_report import quality_report
from pipelines.results.secondary_capture import secondary_capture, single_frame

MOST_ROWS = 0xFFFF
"""What Rows and Columns can say (PS3.3 C.7.6.3)."""
STRIP = 256
"""Rows at a time."""


@dataclass(frozen=True, slots=True)
class SuperResolution(OfOneImage):
    """From one greyscale image to the enlarged image and a report of the quality of both."""

    name: str = "super-resolution"
    network: str = "fsrcnn-x2"

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        del allowed
        return why_skipped(header, "enlarged")

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        """Return the enlarged image and its quality report, both in the forms that are wanted.

        Raises:
            CannotProcessError: the pixel data is missing, too large or broken.
        """
        (image,) = images
        with context.progress("read"):
            grey = read(image)
        return Outcome(super_resolved(image, grey, context.engine_of(self.network), context))


FORMS: Mapping[Kind, Callable[[Grey, Voi, bytes, Origin], Dataset]] = {
    Kind.SC_MULTIFRAME: secondary_capture,
    Kind.SC_SINGLE: single_frame,
    Kind.MG_DERIVED: derived_mammogram,
}
"""How each form of the enlarged image is made."""


def forms_of(image: Dataset, kinds: Collection[Kind]) -> list[Kind]:
    """Return those forms among `kinds` that can be made of `image`."""
    return [
        form
        for form in FORMS
        if form in kinds and (form is not Kind.MG_DERIVED or can_derive(image))
    ]


def super_resolved(image: Dataset, grey: Grey, engine: Engine, context: Context) -> list[Made]:
    """Return `grey`, read from `image`, enlarged, and a report of the quality of both.

    Raises:
        CannotProcessError: it would be too large, or the network does not answer as its card says.
    """
    forms = forms_of(image, context.kinds)
    if not forms:
        return []
    if max(grey.pixels.shape) * engine.card.scale > MOST_ROWS:
        raise CannotProcessError(f"enlarged, it would have more than {MOST_ROWS} rows or columns")
    shown = voi(image, grey)
    tone_of = tones(shown, grey.top)
    with context.progress("enlarge"):
        large = enlarged(grey, engine)
    with ThreadPoolExecutor(1) as pool:
        encoding = pool.submit(jpeg_ls, large.pixels)
        with context.progress("quality"):
            before, after = (piqe(displayed(one.pixels, tone_of)) for one in (grey, large))
        with context.progress("encode"):
            codestream = encoding.result()
    origin = Origin.of(image, [engine.card], context)
    made = [Made(FORMS[form](large, shown, codestream, origin), form) for form in forms]
    for one in list(made):
        report = partial(quality_report, one.dataset, before, after, origin)
        made += reports(context.kinds, report, beside=one.kind)
    return made


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
