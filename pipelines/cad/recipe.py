"""What the pipeline `cad` does, from first to last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset

from engines.cad.chain import Networks
from engines.cad.finding import Region
from engines.card import Card, Chain
from pipelines.cad.looking import Eyes, look
from pipelines.cad.writing import Recipe, failure, outcome
from pipelines.eligibility import why_not_analysed
from pipelines.errors import CannotProcessError
from pipelines.kinds import Made
from pipelines.mammogram.attributes import integer, text
from pipelines.pipeline import ON_REGIONS, Context, Outcome
from pipelines.regions.objects import accompanies, regions_of
from pipelines.results.lesions import Reading
from pipelines.results.views import order_of


@dataclass(frozen=True, slots=True)
class Cad:
    """From the mammograms of a study to findings, each an outline and probabilities.

    `detector` finds candidates, the networks of `chain` look at each; `enlarger` makes the
    super-resolved images of those that are for presentation.
    """

    name: str
    detector: str
    chain: Chain
    enlarger: str

    takes_studies = True

    @property
    def networks(self) -> Sequence[str]:
        """The models on the shelf that it runs on."""
        chain = self.chain
        enlarging = chain.super_resolution + ON_REGIONS
        of_chain = (enlarging, chain.segmentation, chain.classification)
        return (self.detector, *of_chain, self.enlarger)

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return why an image with this header is not analysed, None if it is."""
        return why_not_analysed(header, allowed)

    def accompanies(self, header: Dataset) -> bool:
        """Return whether an object says where to look on the images of its study."""
        return accompanies(header)

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        """Return what was found on the images of a study, and the objects that say so.

        Where anybody marked regions, they are looked at and nothing else. An image that cannot be
        read does not keep the others from being analysed.

        Raises:
            CannotProcessError: they are of several patients, or a marked region lies beyond its
                image.
        """
        shown = _of_one_patient(images)
        beside = [one for one in images if accompanies(one) and _is_of(one, shown[0])]
        marked = _marked(shown, {**regions_of(beside, shown), **context.regions})
        engines = [context.engine_of(network) for network in self.networks]
        eyes = Eyes(Networks(*engines[:-1]), engines[-1])
        left = [one for one in shown if marked and _uid(one) not in marked]
        looked = [
            look(image, marked.get(_uid(image)), eyes, context)
            for image in shown
            if not marked or _uid(image) in marked
        ]
        cards = tuple(engine.card for engine in engines[:-1])
        made = outcome(looked, Recipe(cards, _parameters(self.chain, marked)), context)
        unseen = [f"{_uid(one)}: not looked at: regions are marked elsewhere" for one in left]
        return replace(made, reason="; ".join(filter(None, [made.reason, *unseen])))

    def not_analysed(
        self, headers: Sequence[Dataset], cards: Sequence[Card], code: str, context: Context
    ) -> Sequence[Made]:
        """Return reports that a study could not be analysed, and the code of why.

        Raises:
            CannotProcessError: it is of several patients: whose report would it be?
        """
        images = _of_one_patient(headers)
        readings = [Reading(image, failure=code) for image in images]
        return failure(readings, Recipe(tuple(cards[:-1]), _parameters(self.chain, {})), context)


def _of_one_patient(images: Sequence[Dataset]) -> list[Dataset]:
    """Return those that are images, in their order.

    Raises:
        CannotProcessError: they are of several patients.
    """
    shown = sorted((one for one in images if not accompanies(one)), key=order_of)
    others = [one for one in shown if not _is_of(one, shown[0])]
    if others:
        first, other = _uid(shown[0]), _uid(others[0])
        raise CannotProcessError(
            f"the study holds images of several patients: {first} and {other} differ in Patient ID"
        )
    return shown


def _uid(image: Dataset) -> str:
    return text(image, "SOPInstanceUID")


def _is_of(one: Dataset, other: Dataset) -> bool:
    return text(one, "PatientID") == text(other, "PatientID")


def _marked(
    images: Sequence[Dataset], regions: Mapping[str, Sequence[Region]]
) -> dict[str, Sequence[Region]]:
    """Return the regions of those of `images` that have any.

    Raises:
        CannotProcessError: one of them lies beyond its image.
    """
    marked = {}
    for image in images:
        uid = _uid(image)
        found = regions.get(uid, ())
        if not all(_is_on(region, image) for region in found):
            raise CannotProcessError(f"a region to look at lies beyond image {uid}")
        if found:
            marked[uid] = found
    return marked


def _is_on(region: Region, image: Dataset) -> bool:
    rows, columns = integer(image, "Rows") or 0, integer(image, "Columns") or 0
    left, top = region.left, region.top
    return -region.side < left < columns and -region.side < top < rows


def _parameters(chain: Chain, marked: Mapping[str, Sequence[Region]]) -> tuple[str, ...]:
    """Return what tells this analysis from another by the same models."""
    limits = (
        f"least certainty {chain.least_certainty}, most findings {chain.most_findings}, "
        f"suspicious from {chain.suspicious}"
    )
    return (limits, "marked regions alone") if marked else (limits,)
