"""From a data set that is whole on the disk to an instance that is ours, or a reason why not."""

import logging
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydicom import config
from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts

from service.errors import BadObjectError, NodeError, RefusedError, UnavailableError
from service.intake.identity import Identity, identify
from service.intake.part import Announced, Part
from service.intake.statuses import (
    SUCCESS,
    MismatchError,
    UnknownClassError,
    comment_of,
    status_of,
)
from service.ledger.canary import AE_TITLE as CANARY
from service.ledger.ledger import Ledger
from service.ledger.receive import Reception, receive
from service.ledger.records import Instance, Refusal
from service.ledger.spool import Spool
from service.ledger.uids import LONGEST_UID
from service.trail import about, is_first

logger = logging.getLogger(__name__)

STORABLE = frozenset(str(one.abstract_syntax) for one in AllStoragePresentationContexts)
"""The SOP classes that this node keeps."""


LONGEST_REASON = 1000
"""Characters kept of a reason: a peer may propose more than anybody reads."""


class Counts(Protocol):
    """What is counted of what comes in."""

    def received(self, calling_ae: str, sop_class: str, outcome: str) -> None:
        """Count an instance; `outcome` is ``kept``, ``known``, ``version`` or ``refused``."""

    def received_bytes(self, size: int) -> None:
        """Count `size` bytes that were answered Success."""

    def image(self, word: str) -> None:
        """Count a mammogram that was kept; `word` is of `service.ledger.views`."""

    def associations(self, open_now: int) -> None:
        """Tell how many associations there are now."""

    def association_refused(self, reason: str) -> None:
        """Count a connection or an association that was turned away."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a sender is told."""

    status: int
    """PS3.4 Table B.2-1."""
    reason: str = ""
    """Empty where the object is ours."""
    reception: Reception | None = None
    """None where it is not."""


@dataclass(frozen=True, slots=True)
class Taking:
    """Keeps what is sent, or says why not."""

    spool: Spool
    ledger: Ledger
    counts: Counts
    now: Callable[[], datetime]

    def take(self, calling: str, part: Part) -> Taken:
        """Keep the object of `part`, write it down, and only then say that it is ours."""
        study_instance_uid = ""
        try:
            part.finish()
            if part.error is not None:
                raise part.error
            identity = identified(part)
            study_instance_uid = identity.study_instance_uid
            _match(part.announced, identity)
            if calling == CANARY:
                self._check_canary(identity)
            reception = self._keep(calling, part, identity)
        except NodeError as error:
            status, reason = status_of(error), str(error)
            self.refuse(calling, part, status, reason, study_instance_uid)
            if isinstance(error, RefusedError) and part.path.exists():
                with suppress(UnavailableError):  # it is kept for people only where there is room
                    self.spool.quarantine.put(part.path, part.announced.sop_instance_uid, reason)
            return Taken(status, comment_of(error))
        if is_first(study_instance_uid):
            with about(study_instance_uid):
                logger.info("study %s: objects of it come from %s", study_instance_uid, calling)
        name = sop_class_name(part.announced.sop_class_uid)
        self.counts.received(calling, name, reception)
        self.counts.received_bytes(part.size)
        if identity.view and reception is Reception.KEPT and calling != CANARY:
            self.counts.image(identity.view)
        if reception is Reception.VERSION:
            uid = identity.sop_instance_uid
            logger.warning("%s from %s: kept beside other bytes of the same UID", uid, calling)
        return Taken(SUCCESS, reception=reception)

    def refuse(
        self, calling: str, part: Part, status: int, reason: str, study_instance_uid: str = ""
    ) -> None:
        """Write down that the object of `part` was not taken, and count it."""
        self.counts.received(calling, sop_class_name(part.announced.sop_class_uid), "refused")
        self.note(calling, part.announced.sop_instance_uid, status, reason, study_instance_uid)

    def note(
        self,
        calling: str,
        sop_instance_uid: str,
        status: int,
        reason: str,
        study_instance_uid: str = "",
    ) -> None:
        """Write down what was not taken; where the ledger is what fails, the log must do."""
        uid, reason = sop_instance_uid[:LONGEST_UID], reason[:LONGEST_REASON]
        who, code = f" from {calling}" if calling else "", f"{status:04X}H " if status else ""
        with about(study_instance_uid) if study_instance_uid else nullcontext():
            logger.warning("%s%s: %s%s", uid or "refused", who, code, reason)
        try:
            self.ledger.refuse(
                Refusal(calling, uid, study_instance_uid, status, reason, self.now())
            )
        except UnavailableError as error:
            logger.error("not written down: %s", error)  # noqa: TRY400 - said in a line

    def _check_canary(self, identity: Identity) -> None:
        """See that it is the phantom that we sent: that name takes the urgent lane."""
        run = self.ledger.open_canary()
        if run is None or run.study_instance_uid != identity.study_instance_uid:
            raise BadObjectError("not the canary that is under way")

    def _keep(self, calling: str, part: Part, identity: Identity) -> Reception:
        instance = Instance(
            sop_instance_uid=identity.sop_instance_uid,
            sop_class_uid=identity.sop_class_uid,
            study_instance_uid=identity.study_instance_uid,
            series_instance_uid=identity.series_instance_uid,
            transfer_syntax_uid=part.announced.transfer_syntax_uid,
            calling_ae_title=calling,
            view=identity.view,
            size=part.offset + part.size,
            digest=part.digest,
            received_at=self.now(),
        )
        return receive(self.spool, self.ledger, instance, part.path, part.sync)


def identified(part: Part) -> Identity:
    """Return who the object is, having found that it holds together.

    Raises:
        BadObjectError: if it does not.
    """
    if not part.size:
        raise BadObjectError("the data set is empty")
    return identify(part.reader(), part.size, UID(part.announced.transfer_syntax_uid))


def _match(announced: Announced, identity: Identity) -> None:
    if identity.sop_class_uid not in STORABLE:
        raise UnknownClassError("no storage SOP class that this node knows")
    if identity.sop_class_uid != announced.sop_class_uid:
        raise MismatchError("SOP Class UID differs from that of the command")
    if identity.sop_instance_uid != announced.sop_instance_uid:
        raise MismatchError("SOP Instance UID differs from that of the command")
    if announced.study_instance_uid not in {"", identity.study_instance_uid}:
        raise MismatchError("Study Instance UID differs from that of the request")


def sop_class_name(uid: str) -> str:
    """Return the keyword of a standard SOP class, ``other`` for all else: labels are bounded."""
    return UID(uid, config.IGNORE).keyword or "other"
