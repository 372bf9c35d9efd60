"""Does a destination show what it was sent: C-FIND, a proof and never a reason to resend."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydicom import Dataset
from pynetdicom import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
)

from service.delivery.outbox import Outbox
from service.delivery.peer import Peer
from service.errors import RefusedError, UnavailableError
from service.ledger.records import Delivery

logger = logging.getLogger(__name__)

PAUSES = (timedelta(seconds=1), timedelta(seconds=10), timedelta(seconds=60))
"""Before each look at one object."""
PENDING = {0xFF00, 0xFF01}  # PS3.4 Table C.4-1
NOT_FOUND = "taken, but C-FIND does not show it"


@dataclass(frozen=True, slots=True)
class Sought:
    """An object that was sent, and when it is looked for next."""

    delivery: Delivery
    looks_at: datetime
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Showing:
    """What is looked for at one destination; what was sent before this process began is not."""

    destination: str
    outbox: Outbox
    since: datetime
    sought: Sequence[Sought] = ()

    def looked(self, peer: Peer) -> "Showing":
        """Return what is still to be looked for, having looked for what is due.

        Raises:
            RefusedError: if the peer answers no queries.
            UnavailableError: if the peer or the ledger is.
        """
        now = self.outbox.now()
        sent = self.outbox.ledger.sent_since(self.destination, self.since)
        sought = [*self.sought, *(Sought(one, now + PAUSES[0]) for one in sent)]
        since = max([self.since, *(one.sent_at for one in sent if one.sent_at)])
        due = [one for one in sought if one.looks_at <= now]
        found = self._found(peer, [one.delivery for one in due]) if due else set()
        left = [one for one in sought if one not in due]
        for one in due:
            if one.delivery.sop_instance_uid in found:
                logger.info("%s shows %s", self.destination, one.delivery.sop_instance_uid)
            elif one.looks + 1 < len(PAUSES):
                later = now + PAUSES[one.looks + 1]
                left.append(replace(one, looks=one.looks + 1, looks_at=later))
            else:
                logger.warning(
                    "%s does not show %s", self.destination, one.delivery.sop_instance_uid
                )
                self.outbox.ledger.remark(one.delivery, NOT_FOUND)
        return replace(self, since=since, sought=tuple(left))

    def _found(self, peer: Peer, deliveries: Sequence[Delivery]) -> set[str]:
        """Return which of `deliveries` the peer shows, by SOP Instance UID."""
        contexts = [build_context(StudyRootQueryRetrieveInformationModelFind)]
        found: set[str] = set()
        with peer.associated(contexts) as association:
            for delivery in deliveries:
                uid = delivery.sop_instance_uid
                try:
                    header = self.outbox.header(delivery)
                except RefusedError:  # it was sent: that it cannot be read now says nothing of it
                    continue
                question = _question(header)
                answers = association.send_c_find(
                    question, StudyRootQueryRetrieveInformationModelFind
                )
                for status, answer in answers:
                    if "Status" not in status:
                        raise UnavailableError(f"{peer} does not answer C-FIND")
                    if status.Status in PENDING and _is_of(answer, uid):
                        found.add(uid)
        return found


def _question(header: Dataset) -> Dataset:
    """Return the query for one object: at the level IMAGE all keys above are needed."""
    question = Dataset()
    question.QueryRetrieveLevel = "IMAGE"
    question.StudyInstanceUID = header.StudyInstanceUID
    question.SeriesInstanceUID = header.SeriesInstanceUID
    question.SOPInstanceUID = header.SOPInstanceUID
    return question


def _is_of(answer: Dataset | None, sop_instance_uid: str) -> bool:
    return answer is not None and str(answer.get("SOPInstanceUID", "")) == sop_instance_uid
