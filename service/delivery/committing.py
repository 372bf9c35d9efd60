"""Asking a destination to commit itself to keep what it was sent: PS3.4 Annex J, as SCU."""

import logging
import queue
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydicom import Dataset
from pynetdicom import build_context, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from service.delivery.outbox import Outbox
from service.delivery.peer import Peer
from service.errors import NodeError, RefusedError, UnavailableError
from service.ledger.reading import UNREADABLE
from service.ledger.records import Commitment, CommitmentState, Delivery

logger = logging.getLogger(__name__)

WELL_KNOWN = "1.2.840.10008.1.20.1.1"  # PS3.4 J.3.5
REQUEST = 1  # PS3.4 Table J.3-1, Action Type ID
SUCCESS = 0x0000
NOT_NOW = 0x0110
INVALID_ARGUMENT = 0x0115
MOST = 100
"""Objects in one request."""
SOON_S = 2.0
"""How long the answer is waited for on the same association; it may come on another later."""
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
MOST_TRIES = 12
"""Requests without an answer, some nine hours; then a person must look at it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a peer commits itself to keep, and what not: PS3.4 Table J.3-2."""

    transaction_uid: str
    committed: Sequence[str]
    """SOP Instance UIDs."""
    failed: Mapping[str, int]
    """Failure Reason by SOP Instance UID."""

    @classmethod
    def of(cls, information: Dataset) -> "Report":
        """Return what the information of an N-EVENT-REPORT says."""
        kept = information.get("ReferencedSOPSequence") or []
        failed = information.get("FailedSOPSequence") or []
        return cls(
            str(information.get("TransactionUID", "")),
            [str(item.ReferencedSOPInstanceUID) for item in kept],
            {
                str(item.ReferencedSOPInstanceUID): int(item.get("FailureReason", NOT_NOW))
                for item in failed
            },
        )


def ask_due(destination: str, peer: Peer, outbox: Outbox) -> None:
    """Ask `peer` to commit to what it was sent, and again where its answer is overdue.

    Raises:
        UnavailableError: if the ledger is.
    """
    unasked = outbox.ledger.uncommitted(destination, MOST)
    if unasked:
        outbox.ledger.open_commitment(_request(destination, unasked, outbox))
    for due in outbox.ledger.due_commitments(destination, is_ours=True):
        if due.attempts >= MOST_TRIES:
            told = f"no answer to {due.attempts} requests; {due.error}".strip("; ")
            logger.warning("%s: commitment %s: %s", destination, due.transaction_uid, told)
            parked = replace(due, state=CommitmentState.PARKED, error=told)
            outbox.ledger.save_commitment(parked)
            continue
        error = _asked(peer, due, outbox)
        pause = min(FIRST_PAUSE_S * 2.0**due.attempts, LONGEST_PAUSE_S)
        wait = pause * (1 + random.random()) / 2  # noqa: S311 - nobody gains by guessing it
        asked = replace(due, attempts=due.attempts + 1, error=error)
        outbox.ledger.put_off_commitment(asked, timedelta(seconds=wait))


def _asked(peer: Peer, request: Commitment, outbox: Outbox) -> str:
    """Ask; return what went wrong, nothing if the peer will answer or has."""
    try:
        ask(peer, request, lambda report: note(report, outbox))
    except NodeError as error:
        logger.warning("%s: asking for commitment: %s", request.peer, error)
        return str(error)
    return ""


def ask(peer: Peer, request: Commitment, on_report: Callable[[Report], None]) -> None:
    """Ask `peer` by N-ACTION; what it answers at once on this association is given to `on_report`.

    Raises:
        RefusedError: if it knows no storage commitment, or will not have the request.
        UnavailableError: if it cannot be reached or does not answer.
    """
    answered: queue.SimpleQueue[None] = queue.SimpleQueue()

    def on_event(event: Event) -> tuple[int, None]:
        try:
            on_report(Report.of(event.event_information))
        except UNREADABLE:
            logger.warning("%s reports on a commitment in a way that cannot be read", peer)
            return INVALID_ARGUMENT, None
        except UnavailableError:  # it is not written down: let the peer say it again
            logger.exception("a report of commitment could not be written down")
            return NOT_NOW, None
        answered.put(None)
        return SUCCESS, None

    contexts = [build_context(StorageCommitmentPushModel)]
    handlers = [(evt.EVT_N_EVENT_REPORT, on_event)]
    with peer.associated(contexts, handlers) as association:
        status, _ = association.send_n_action(
            _action(request), REQUEST, StorageCommitmentPushModel, WELL_KNOWN
        )
        if "Status" not in status:
            raise UnavailableError(f"{peer} does not answer the request to commit")
        if status.Status != SUCCESS:
            raise RefusedError(f"{peer} refuses to commit (status {status.Status:04X}H)")
        try:
            answered.get(timeout=SOON_S)
        except queue.Empty:
            return


def note(report: Report, outbox: Outbox) -> None:
    """Write down what a destination reported."""
    known = outbox.ledger.report_commitment(report.transaction_uid, report.committed, report.failed)
    if not known:
        logger.warning("a report on %s, which nobody asked for", report.transaction_uid)
    elif report.failed:
        logger.warning("%d objects are not committed and sent again", len(report.failed))


def _request(destination: str, unasked: Sequence[Delivery], outbox: Outbox) -> Commitment:
    now = outbox.now()
    return Commitment(
        transaction_uid=f"2.25.{uuid.uuid4().int}",
        peer=destination,
        is_ours=True,
        sop_class_uids=tuple(one.sop_class_uid for one in unasked),
        sop_instance_uids=tuple(one.sop_instance_uid for one in unasked),
        created_at=now,
        run_at=now,
    )


def _action(request: Commitment) -> Dataset:
    """Return the information of the N-ACTION: PS3.4 Table J.3-1."""
    action = Dataset()
    action.TransactionUID = request.transaction_uid
    action.ReferencedSOPSequence = []
    for sop_class, uid in zip(request.sop_class_uids, request.sop_instance_uids, strict=True):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        action.ReferencedSOPSequence.append(item)
    return action
