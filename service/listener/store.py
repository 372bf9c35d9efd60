"""The answer to a C-STORE request: PS3.4 Annex B."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

from pydicom import Dataset
from pynetdicom.events import Event

from service.intake.part import Part
from service.intake.statuses import CANNOT_UNDERSTAND, UNFORESEEN, answer
from service.intake.taking import Taken, Taking
from service.listener.streaming import StreamingDimse, part_of
from service.trail import Trail


@dataclass(frozen=True, slots=True)
class Store:
    """Answers C-STORE."""

    taking: Taking

    def on_store(self, event: Event) -> Dataset:
        """Keep the object, write it down, and only then say that it is ours."""
        calling = str(event.assoc.requestor.ae_title).strip()
        part = part_of(event)
        if part is None:
            reason = "the C-STORE request has no data set"
            self.taking.note(calling, "", CANNOT_UNDERSTAND, reason)
            return answer(CANNOT_UNDERSTAND, reason)
        taken = self.take(calling, part, cast("StreamingDimse", event.assoc.dimse).trail)
        return answer(taken.status, taken.reason)

    def take(self, calling: str, part: Part, trail: Trail) -> Taken:
        """Keep the object of `part`, which is whole, and close it; whatever goes wrong is told."""
        part.taken = True
        with trail.followed(), part, ExitStack() as unforeseen:
            unforeseen.callback(
                self.taking.refuse, calling, part, UNFORESEEN, "a fault of this node"
            )
            taken = self.taking.take(calling, part)
            unforeseen.pop_all()
        return taken
