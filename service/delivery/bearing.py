"""Bringing a report of storage commitment to the one who asked: PS3.4 J.3.3, as SCP."""

from dataclasses import dataclass

from pydicom import Dataset
from pynetdicom import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from service.delivery.peer import Peer
from service.errors import UnavailableError

WELL_KNOWN = "1.2.840.10008.1.20.1.1"
"""The instance of the push model: PS3.4 J.3.5."""
SUCCESS = 0x0000


@dataclass(frozen=True, slots=True)
class Bearer:
    """Brings reports to one peer."""

    peer: Peer

    def bring(self, event_type: int, information: Dataset) -> None:
        """Return when the peer has acknowledged the report.

        Raises:
            RefusedError: if it knows no storage commitment.
            UnavailableError: if it cannot be reached or does not acknowledge.
        """
        context = build_context(StorageCommitmentPushModel)
        context.scu_role, context.scp_role = False, True  # we are the SCP although we call
        with self.peer.associated([context]) as association:
            status, _ = association.send_n_event_report(
                information, event_type, StorageCommitmentPushModel, WELL_KNOWN
            )
        if "Status" not in status:
            raise UnavailableError(f"{self.peer} does not answer the report")
        if status.Status != SUCCESS:
            raise UnavailableError(f"{self.peer} does not take the report ({status.Status:04X}H)")
