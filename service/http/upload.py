"""Objects that come in by STOW-RS: each goes through the same intake as one by C-STORE."""

from dataclasses import dataclass, replace

from service.errors import BadObjectError
from service.http.multipart import Begin, End, Event, Multipart
from service.http.part10 import Head
from service.intake.part import Announced, Intake, Part
from service.intake.statuses import CANNOT_UNDERSTAND, SUCCESS
from service.intake.taking import Taking
from service.ledger.receive import Reception
from service.trail import Trail

TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
"""PS3.18 Table I.2-2."""
MOST_PARTS = 10_000
DICOM = "application/dicom"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one part."""

    sop_class_uid: str
    sop_instance_uid: str
    """Both empty where the part is no DICOM file."""
    status: int
    reason: str = ""
    is_version: bool = False
    """Kept beside other bytes that came under the same UID before."""

    @property
    def is_ours(self) -> bool:
        """Whether it was kept."""
        return self.status == SUCCESS


@dataclass(frozen=True, slots=True)
class Gate:
    """What uploads go through."""

    taking: Taking
    intake: Intake
    transfer_syntaxes: frozenset[str]
    """Those that are taken."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and what for."""

    name: str
    """Stands for the calling AE title."""
    study_instance_uid: str = ""
    """The study that all must be of; empty: of any."""


class Upload:
    """One request, fed piece by piece; it blocks on the disk and on the ledger."""

    def __init__(self, gate: Gate, sender: Sender, boundary: str) -> None:
        self.outcomes: list[Outcome] = []
        self._gate = gate
        self._sender = sender
        self._multipart = Multipart(boundary)
        self._trail = Trail()
        self._head: Head | None = None
        """Of the part that comes now, until its data set begins."""
        self._part: Part | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            BadObjectError: if the body is broken as a whole.
        """
        for event in self._multipart.feed(piece):
            self._on(event)

    def finish(self) -> None:
        """The body ends here.

        Raises:
            BadObjectError: if it should not.
        """
        self._multipart.finish()

    def drop(self, reason: str) -> None:
        """Forget the part that was under way."""
        if self._part is not None:
            with self._part as part:
                self._gate.taking.refuse(self._sender.name, part, 0, reason)
        self._head = self._part = None

    def _on(self, event: Event) -> None:
        if isinstance(event, Begin):
            self._begin(event)
        elif isinstance(event, End):
            self._end()
        elif self._part is not None:
            self._part.write(event)
        elif self._head is not None:
            self._add_to_head(self._head, event)

    def _begin(self, event: Begin) -> None:
        if len(self.outcomes) >= MOST_PARTS:
            raise BadObjectError(f"more than {MOST_PARTS} parts in one request")
        kind = event.headers.get("content-type", DICOM).partition(";")[0].strip().lower()
        if kind == DICOM:
            self._head = Head()
        else:
            self._refuse(Announced("", "", ""), CANNOT_UNDERSTAND, f"a part is not {DICOM}")

    def _add_to_head(self, head: Head, piece: bytes) -> None:
        try:
            found = head.feed(piece)
        except BadObjectError as error:
            self._head = None
            self._refuse(Announced("", "", ""), CANNOT_UNDERSTAND, str(error))
            return
        if found is None:
            return
        self._head = None
        announced, rest = found
        if announced.transfer_syntax_uid not in self._gate.transfer_syntaxes:
            reason = "its transfer syntax is not taken: docs/transfer-syntaxes.md"
            self._refuse(announced, TRANSFER_SYNTAX_NOT_SUPPORTED, reason)
            return
        wanted = replace(announced, study_instance_uid=self._sender.study_instance_uid)
        self._part = Part(wanted, self._gate.intake)
        self._part.write(rest)

    def _end(self) -> None:
        if self._head is not None:
            self._head = None
            self._refuse(Announced("", "", ""), CANNOT_UNDERSTAND, "a part ends before its header")
        if self._part is None:
            return
        with self._trail.followed(), self._part as part:
            taken = self._gate.taking.take(self._sender.name, part)
        self._part = None
        is_version = taken.reception is Reception.VERSION
        told = part.announced
        self.outcomes.append(
            Outcome(
                told.sop_class_uid, told.sop_instance_uid, taken.status, taken.reason, is_version
            )
        )

    def _refuse(self, told: Announced, status: int, reason: str) -> None:
        uid = told.sop_instance_uid
        self.outcomes.append(Outcome(told.sop_class_uid, uid, status, reason))
        self._gate.taking.note(self._sender.name, uid, status, reason)
