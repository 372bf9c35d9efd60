"""What came of a study, as a CAD report tells it: by image and by breast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydicom import Dataset

from engines.card import Card
from pipelines.kinds import Kind
from pipelines.mammogram.attributes import text
from pipelines.results.lesions import Lesion, Reading
from pipelines.results.measured_lesion import finder, were_marked
from pipelines.results.provenance import Origin


@dataclass(frozen=True, eq=False)
class Examination:
    """The readings of a study, and the lesions that were found."""

    readings: Sequence[Reading]
    lesions: Sequence[Lesion]
    origin: Origin
    form: Kind

    @property
    def images(self) -> list[Dataset]:
        """All images, analysed or not."""
        return [reading.image for reading in self.readings]

    @property
    def analysed(self) -> list[Reading]:
        """The readings that came to an end."""
        return [reading for reading in self.readings if not reading.failure]

    @property
    def failed(self) -> list[Reading]:
        """The readings that did not."""
        return [reading for reading in self.readings if reading.failure]

    @property
    def was_marked(self) -> bool:
        """Whether somebody else said where to look, so that nothing was detected."""
        return were_marked(self.readings)

    @property
    def finder(self) -> Card:
        """The model that says where lesions are."""
        return finder(self.readings, self.origin)

    @property
    def classifier(self) -> Card:
        """The model that says how likely a lesion is malignant."""
        return self.origin.cards[-1]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The places of images in the library, from 1 on, by SOP Instance UID."""
        uids = (text(image, "SOPInstanceUID") for image in self.images)
        return {uid: number for number, uid in enumerate(uids, 1)}

    def number(self, image: Dataset) -> int:
        """Return the place of an image in the library."""
        return self.numbers[text(image, "SOPInstanceUID")]

    def on(self, image: Dataset) -> list[Lesion]:
        """Return the lesions on an image."""
        return [lesion for lesion in self.lesions if lesion.image is image]
