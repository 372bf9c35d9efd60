"""What a network says that a whole image shows."""

from dataclasses import dataclass

from pydicom import Dataset

from pipelines.eligibility import why_skipped
from pipelines.mammogram.read import read
from pipelines.pipeline import Context
from pipelines.reduction import answered, reduced
from pipelines.results.label_report import PROBABILITY, label_report
from pipelines.results.provenance import Origin


@dataclass(frozen=True, slots=True)
class Classification:
    """From one greyscale image, all of it shrunk to the network's window, to a report."""

    name: str
    network: str

    def skips(self, header: Dataset) -> str | None:
        """Return why an image with this header is not processed, None if it is."""
        return why_skipped(header, "classified")

    def run(self, image: Dataset, context: Context) -> list[Dataset]:
        """Return a report of the probability of each label.

        Raises:
            CannotProcessError: the pixel data is missing, too large or broken, or the network does
                not answer as its card says.
        """
        card = context.engine.card
        with context.progress("read"):
            window, _ = reduced(read(image), card.tile)
        with context.progress("classify"):
            probabilities = answered(context.engine, window)
        found = dict(zip(card.labels, map(float, probabilities), strict=True))
        origin = Origin(image, context.product, card, context.site_key, context.made_at)
        return [label_report(PROBABILITY, found, [], origin)]
