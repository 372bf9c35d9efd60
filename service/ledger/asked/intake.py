"""What the listener asks of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from service.ledger.records import Instance, Refusal


class Intake(Protocol):
    """What the listener writes down; `service.ledger.receive` has the steps in order."""

    def versions(self, sop_instance_uid: str) -> Sequence[Instance]:
        """Return what was received under that SOP Instance UID, the first that came first."""
        ...

    def record(self, instance: Instance) -> bool:
        """Remember that `instance` lies in the spool; return whether it is new.

        The same bytes of the same version again change nothing, but that they are there (again).

        Raises:
            BadObjectError: if other bytes are already kept under its UID and version.
        """
        ...

    def record_first(self, instance: Instance) -> bool:
        """Remember `instance` if no bytes are known under its UID; return whether that is so."""
        ...

    def note_sent_again(self, instance: Instance, moment: datetime) -> None:
        """Remember that the bytes of `instance` came again: they are kept as long again."""

    def refuse(self, refusal: Refusal) -> None:
        """Remember what was not taken, and why."""
