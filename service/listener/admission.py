"""Who may open an association now: PS3.8 Table 9-21."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from service.errors import NodeError
from service.intake.part import Intake

PERMANENT, TRANSIENT = 1, 2
SERVICE_USER, PRESENTATION_PROVIDER = 1, 3


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an association is rejected: the three numbers of A-ASSOCIATE-RJ, and words."""

    result: int
    source: int
    diagnostic: int
    reason: str


CALLED_UNKNOWN = Rejection(PERMANENT, SERVICE_USER, 7, "called AE title not recognised")
CALLING_UNKNOWN = Rejection(
    PERMANENT, SERVICE_USER, 3, "calling AE title not recognised: no route names it"
)
TOO_MANY = Rejection(TRANSIENT, PRESENTATION_PROVIDER, 2, "too many associations at a time")
NO_ROOM = Rejection(TRANSIENT, PRESENTATION_PROVIDER, 1, "the disk of the spool is full")


@dataclass(frozen=True, slots=True)
class Admission:
    """The door's rules."""

    ae_title: str
    calling: Callable[[], Collection[str]]
    """The patterns of AE titles that may call, as the routes have them now."""
    most: int
    """Associations at a time."""
    intake: Intake

    def rejection(self, called: str, calling: str, associations: int) -> Rejection | None:
        """Return why an association is rejected when `associations` are open; None to accept."""
        if called.strip() != self.ae_title:
            return CALLED_UNKNOWN
        if not any(fnmatchcase(calling.strip(), pattern) for pattern in self.calling()):
            return CALLING_UNKNOWN
        if associations >= self.most:
            return TOO_MANY
        return None if self._has_room() else NO_ROOM

    def _has_room(self) -> bool:
        try:
            self.intake.check_room()
        except NodeError:
            return False
        return True
