"""What a network says that a whole image shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from pydicom import Dataset

from pipelines.eligibility import why_skipped
from pipelines.mammogram.read import read
from pipelines.pipeline import Context, OfOneImage, Outcome
from pipelines.reduction import answered, reduced
from pipelines.results.label_report import PROBABILITY, label_report
from pipelines.results.measurement_report import reports
from pipelines.results.provenance import Origin


@dataclass(frozen=True, slots=True)
class Classification(OfOneImage):
    """From one greyscale image, all of it shrunk to the network's window, to a report."""

    name: str
    network: str

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        del allowed
        return why_skipped(header, "classified")

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        """Return a report of the probability of each label.

        Raises:
            CannotProcessError: the pixel data is missing, too large or broken, or the network does
                not answer as its card says.
        """
        (image,) = images
        engine = context.engine_of(self.network)
        card = engine.card
        with context.progress("read"):
            window, _ = reduced(read(image), card.tile)
        with context.progress("classify"):
            probabilities = answered(engine, window)
        found = dict(zip(card.labels, map(float, probabilities), strict=True))
        origin = Origin.of(image, [card], context)
        return Outcome(
            reports(context.kinds, partial(label_report, PROBABILITY, found, [], origin))
        )
