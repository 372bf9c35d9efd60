"""Where on an image a network sees what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from pydicom import Dataset

from engines.cad.answers import BACKGROUND
from engines.engine import AnswerError, Engine
from engines.tiling import Maps, probabilities
from engines.verification import HALF
from pipelines.eligibility import why_skipped
from pipelines.errors import CannotProcessError
from pipelines.kinds import Kind, Made
from pipelines.mammogram.read import Grey, read
from pipelines.pipeline import Context, OfOneImage, Outcome
from pipelines.reduction import answered, reduced, restored
from pipelines.results.label_report import SHARE, label_report
from pipelines.results.measurement_report import reports
from pipelines.results.provenance import Origin
from pipelines.results.segmentation import segmentation


@dataclass(frozen=True, slots=True)
class Segmentation(OfOneImage):
    """From one greyscale image to a mask of each label that is seen, and a report of all labels."""

    name: str
    network: str

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        del allowed
        return why_skipped(header, "segmented")

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        """Return a report of the share of each label, after the masks of those that have any.

        Raises:
            CannotProcessError: the pixel data is missing, too large or broken, or the network does
                not answer as its card says.
        """
        (image,) = images
        engine = context.engine_of(self.network)
        card = engine.card
        with context.progress("read"):
            grey = read(image)
        with context.progress("segment"):
            shown = (maps(grey, engine) > HALF) & ~grey.background
        masks = {
            label: mask
            for label, mask in zip(card.labels, shown, strict=True)
            if label.name != BACKGROUND
        }
        origin = Origin.of(image, [card], context)
        seen = {label: mask for label, mask in masks.items() if mask.any()}
        results = [segmentation(seen, origin)] if seen else []
        shares = {label: float(mask.mean()) for label, mask in masks.items()}
        made = [Made(result, Kind.SEG) for result in results if Kind.SEG in context.kinds]
        report = partial(label_report, SHARE, shares, results, origin)
        return Outcome([*made, *reports(context.kinds, report)])


def maps(grey: Grey, engine: Engine) -> Maps:
    """Return how sure the network is of each label at each pixel: (labels, rows, columns).

    A network with a halo sees the image as it is, window by window; one without, all of it shrunk
    to one window.

    Raises:
        CannotProcessError: the network does not answer as its card says.
    """
    if engine.card.halo:
        low, high = grey.span
        try:
            return probabilities(engine, np.clip(grey.pixels, low, high), low, high)
        except AnswerError as error:
            raise CannotProcessError(str(error)) from error
    window, place = reduced(grey, engine.card.tile)
    return restored(answered(engine, window), place)
