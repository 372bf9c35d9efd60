"""The step from a file that came in to an instance that is ours."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from service.errors import BadObjectError
from service.ledger.dicom_bytes import same_data_set
from service.ledger.disk import sync_path
from service.ledger.ledger import Ledger
from service.ledger.records import Instance
from service.ledger.spool import Spool

MOST_VERSIONS = 8
"""Different bytes that are kept under one SOP Instance UID: whoever sends more does not mean it."""
_NAME = 16
"""Characters of a digest that name a version."""


class Reception(StrEnum):
    """What became of an object that is ours now."""

    KEPT = "kept"
    KNOWN = "known"
    """The same bytes are here already."""
    VERSION = "version"
    """Kept beside other bytes that came under the same SOP Instance UID before."""


def receive(
    spool: Spool,
    ledger: Ledger,
    instance: Instance,
    temporary: Path,
    sync: Callable[[], None] | None = None,
) -> Reception:
    """Keep the file at `temporary`, write `instance` down, and return what it is beside the others.

    When this returns, file and row are durable and belong together. A file that a crash left
    without a row is replaced. `temporary` is gone afterwards, unless this raises; `sync` is what
    makes it durable, where somebody has it open, and may be called again.

    Raises:
        BadObjectError: if too many different bytes are already kept under its SOP Instance UID.
        UnavailableError: if spool or ledger cannot be written to now.
    """
    uid = instance.sop_instance_uid
    with spool.locked(uid):
        if _is_first(spool, ledger, instance, temporary, sync or partial(sync_path, temporary)):
            return Reception.KEPT
        kept = ledger.versions(uid)
        for one in kept:
            if _is_lost(spool, one, instance):
                spool.make_way(uid, temporary, one.version)
                spool.keep(uid, temporary, one.version, sync)
                ledger.record(replace(instance, version=one.version))
                return Reception.KNOWN
            if _is_same(spool, one, instance, temporary):
                ledger.note_sent_again(one, instance.received_at)
                temporary.unlink()
                return Reception.KNOWN
        version = _next_version(kept, instance.digest)
        spool.make_way(uid, temporary, version)
        spool.keep(uid, temporary, version, sync)
        ledger.record(replace(instance, version=version))
    return Reception.VERSION if version else Reception.KEPT


def _is_first(
    spool: Spool, ledger: Ledger, instance: Instance, temporary: Path, sync: Callable[[], None]
) -> bool:
    """Keep what is the first under its UID, as nearly all is; return whether it is."""
    uid = instance.sop_instance_uid
    if not spool.keep_first(uid, temporary, sync):
        return False
    if not ledger.record_first(instance):
        spool.remove(uid)  # others came under it before, and their bytes are gone by now
        return False
    temporary.unlink()
    return True


def _looks_same(one: Instance, other: Instance) -> bool:
    return (one.digest, one.transfer_syntax_uid) == (other.digest, other.transfer_syntax_uid)


def _is_lost(spool: Spool, one: Instance, instance: Instance) -> bool:
    """Tell whether `one` is what came now, and its bytes are no longer kept.

    A file that is there although its row says that it was removed was left by a crash.
    """
    return _looks_same(one, instance) and (
        one.removed_at is not None or not spool.exists(one.sop_instance_uid, one.version)
    )


def _is_same(spool: Spool, one: Instance, instance: Instance, temporary: Path) -> bool:
    """Tell whether `one` is what came now, byte for byte: equal digests could be contrived."""
    if not _looks_same(one, instance):
        return False
    with spool.local(one.sop_instance_uid, one.version) as path:
        return same_data_set(path, temporary)


def _next_version(kept: Sequence[Instance], digest: str) -> str:
    """Return the name of the version that comes now; empty for the first.

    Raises:
        BadObjectError: if there are too many.
    """
    if not kept:
        return ""
    taken = {one.version for one in kept}
    free = [name for name in (digest[:_NAME], digest[_NAME:]) if name not in taken]
    if len(kept) >= MOST_VERSIONS or not free:
        raise BadObjectError(f"{len(kept)} different versions of this object are kept already")
    return free[0]
