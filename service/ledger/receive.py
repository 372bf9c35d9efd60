"""The step from a file that came in to an instance that is ours."""

from pathlib import Path

from service.ledger.ledger import Ledger
from service.ledger.records import Instance
from service.ledger.spool import Spool


def receive(spool: Spool, ledger: Ledger, instance: Instance, temporary: Path) -> bool:
    """Keep the file at `temporary`, write `instance` down, and return whether it was new.

    When this returns, file and row are durable and belong together. A file that a crash left
    without a row is replaced. `temporary` is gone afterwards, unless this raises.

    Raises:
        BadObjectError: if other bytes are already kept under its SOP Instance UID.
        UnavailableError: if spool or ledger cannot be written to now.
    """
    uid = instance.sop_instance_uid
    with spool.locked(uid):
        known = ledger.knows(instance)
        if known and spool.path(uid).exists():
            temporary.unlink()
            return False
        if not known:
            spool.remove(uid)
        spool.keep(uid, temporary)
        return ledger.record(instance)
