"""Storage commitment: senders ask us to keep what they sent, PS3.4 Annex J; we are the SCP.

And where we asked a destination, its report may come in by this door too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, cast

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.dimse_messages import N_EVENT_REPORT_RSP
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.events import Event
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from service.errors import BadObjectError, UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.reading import UNREADABLE
from service.ledger.records import Commitment, CommitmentState
from service.ledger.spool import Spool
from service.ledger.uids import is_uid
from service.listener.vouching import Vouched, vouch

logger = logging.getLogger(__name__)

WELL_KNOWN = "1.2.840.10008.1.20.1.1"
"""The instance of the push model: PS3.4 J.3.5."""
REQUEST = 1
"""Action Type ID: PS3.4 Table J.3-1."""
MOST_REFERENCES = 20_000

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
INVALID_ARGUMENT = 0x0115
NO_SUCH_ACTION = 0x0123
RESOURCE_LIMITATION = 0x0213
# PS3.7 10.1.4.1.10

SAME_ASSOCIATION_S = 60.0
"""How long the answer to a report on the same association may take."""


@dataclass(frozen=True, slots=True)
class Promises:
    """Answers requests to commit, and takes the reports on our own."""

    ledger: Ledger
    spool: Spool
    is_reachable: Callable[[str], bool]
    """Whether a report can be brought to that AE title on an association of its own."""
    now: Callable[[], datetime]

    def on_action(self, event: Event) -> tuple[int, None]:
        """Write the request down, answer, and let the report follow: PS3.4 J.3.2."""
        calling = str(event.assoc.requestor.ae_title).strip()
        request = cast("Any", event.request)
        if str(request.RequestedSOPInstanceUID) != WELL_KNOWN:
            return NO_SUCH_INSTANCE, None
        if request.ActionTypeID != REQUEST:
            return NO_SUCH_ACTION, None
        status = SUCCESS
        try:
            self._promise(event, self._asked(event, calling))
        except BadObjectError as error:
            logger.warning("%s asks for a commitment: %s", calling, error)
            status = INVALID_ARGUMENT
        except UnavailableError as error:
            logger.warning("%s asks for a commitment, which cannot be kept now: %s", calling, error)
            status = RESOURCE_LIMITATION
        return status, None

    def on_report(self, event: Event) -> tuple[int, None]:
        """Write down what a destination says of a request of ours: PS3.4 J.3.3."""
        calling = str(event.assoc.requestor.ae_title).strip()
        try:
            uid, committed, failed = _reported(event.event_information)
            known = self.ledger.report_commitment(uid, committed, failed)
        except (BadObjectError, *UNREADABLE):
            logger.warning("%s reports on a commitment in a way that cannot be read", calling)
            return INVALID_ARGUMENT, None
        except UnavailableError as error:
            logger.warning("a report of %s is not written down: %s", calling, error)
            return PROCESSING_FAILURE, None
        if not known:
            logger.warning("%s reports on %s, which nobody asked for", calling, uid)
        return SUCCESS, None

    def _asked(self, event: Event, calling: str) -> Commitment:
        try:
            uid, references = _references(event.action_information)
        except UNREADABLE:
            raise BadObjectError("the request cannot be read") from None
        if len(references) > MOST_REFERENCES:
            raise UnavailableError(f"more than {MOST_REFERENCES} objects at once")
        now = self.now()
        wait = timedelta(seconds=0 if self.is_reachable(calling) else SAME_ASSOCIATION_S)
        return Commitment(
            transaction_uid=uid,
            peer=calling,
            is_ours=False,
            sop_class_uids=tuple(sop_class for sop_class, _ in references),
            sop_instance_uids=tuple(instance for _, instance in references),
            created_at=now,
            run_at=now + wait,
        )

    def _promise(self, event: Event, asked: Commitment) -> None:
        self.ledger.open_commitment(asked)
        if not self.is_reachable(asked.peer):
            self._follow(event, asked, vouch(self.ledger, self.spool, asked))

    def _follow(self, event: Event, asked: Commitment, vouched: Vouched) -> None:
        """Report on the same association, behind the answer: there is no other way to the peer."""
        association = event.assoc
        syntax = UID(event.context.transfer_syntax)
        information = encode(
            vouched.information, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated
        )
        report = N_EVENT_REPORT()
        report.MessageID = 1
        report.AffectedSOPClassUID = StorageCommitmentPushModel
        report.AffectedSOPInstanceUID = UID(WELL_KNOWN)
        report.EventTypeID = vouched.event_type
        report.EventInformation = BytesIO(cast("bytes", information))

        def on_message(heard: Event) -> None:
            if isinstance(heard.message, N_EVENT_REPORT_RSP):
                association.unbind(evt.EVT_DIMSE_RECV, on_message)
                self._answered(asked, heard.message.command_set)

        association.bind(evt.EVT_DIMSE_RECV, on_message)
        cast("Any", association.dimse).follows = (report, event.context.context_id)

    def _answered(self, asked: Commitment, command: Dataset) -> None:
        if command.get("Status") != SUCCESS:
            return  # the report is brought again, if the peer has an address by then
        try:
            self.ledger.save_commitment(replace(asked, state=CommitmentState.DONE, attempts=1))
        except UnavailableError as error:
            logger.warning("a report that was brought is not written down: %s", error)


def _references(information: Dataset) -> tuple[str, list[tuple[str, str]]]:
    """Return the Transaction UID, and SOP class and instance of each object.

    Raises:
        BadObjectError: if there are none, or one is no UID.
    """
    uid = str(information.get("TransactionUID", ""))
    items = information.get("ReferencedSOPSequence") or []
    found = [(str(i.ReferencedSOPClassUID), str(i.ReferencedSOPInstanceUID)) for i in items]
    if not is_uid(uid):
        raise BadObjectError("its Transaction UID is missing or no UID")
    if not found or not all(is_uid(one) for pair in found for one in pair):
        raise BadObjectError("its Referenced SOP Sequence is empty, or an object has no UID")
    return uid, list(dict.fromkeys(found))


def _reported(information: Dataset) -> tuple[str, list[str], dict[str, int]]:
    """Return the Transaction UID, what is committed, and why not what is not."""
    uid = str(information.get("TransactionUID", ""))
    if not is_uid(uid):
        raise BadObjectError("its Transaction UID is missing or no UID")
    kept = information.get("ReferencedSOPSequence") or []
    failed = information.get("FailedSOPSequence") or []
    return (
        uid,
        [str(item.ReferencedSOPInstanceUID) for item in kept],
        {
            str(item.ReferencedSOPInstanceUID): int(item.get("FailureReason", PROCESSING_FAILURE))
            for item in failed
        },
    )
