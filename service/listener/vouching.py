"""What this node can vouch for: the objects whose bytes and rows are both there."""

from dataclasses import dataclass

from pydicom import Dataset

from service.ledger.ledger import Ledger
from service.ledger.records import Commitment, Instance
from service.ledger.spool import Spool

ALL_KEPT, SOME_FAILED = 1, 2
"""Event Type ID: PS3.4 Table J.3-2."""
PROCESSING_FAILURE = 0x0110
NO_SUCH_OBJECT = 0x0112
CLASS_CONFLICT = 0x0119
# Failure Reason: PS3.3 C.14.1.1


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a report says: PS3.4 Table J.3-2."""

    event_type: int
    information: Dataset


def vouch(ledger: Ledger, spool: Spool, asked: Commitment) -> Vouched:
    """Return what can be said of `asked` now.

    Raises:
        UnavailableError: if ledger or spool cannot be asked now.
    """
    information = Dataset()
    information.TransactionUID = asked.transaction_uid
    kept: list[Dataset] = []
    failed: list[Dataset] = []
    for sop_class, uid in zip(asked.sop_class_uids, asked.sop_instance_uids, strict=True):
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = uid
        reason = why_not(ledger, spool, sop_class, uid)
        if reason is None:
            kept.append(item)
        else:
            item.FailureReason = reason
            failed.append(item)
    if kept:
        information.ReferencedSOPSequence = kept
    if failed:
        information.FailedSOPSequence = failed
    return Vouched(SOME_FAILED if failed else ALL_KEPT, information)


def why_not(ledger: Ledger, spool: Spool, sop_class_uid: str, uid: str) -> int | None:
    """Return the Failure Reason of an object, None if it is kept: each version of it, whole."""
    rows = [one for one in ledger.versions(uid) if one.removed_at is None]
    if not rows:
        return NO_SUCH_OBJECT
    if any(one.sop_class_uid != sop_class_uid for one in rows):
        return CLASS_CONFLICT
    return None if all(_is_there(spool, one) for one in rows) else PROCESSING_FAILURE


def _is_there(spool: Spool, one: Instance) -> bool:
    uid, version = one.sop_instance_uid, one.version
    return spool.exists(uid, version) and spool.size(uid, version) == one.size
