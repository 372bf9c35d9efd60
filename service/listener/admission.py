"""Who may open an association now: PS3.8 Table 9-21."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from service.errors import NodeError
from service.intake.part import Intake
from service.ledger.canary import AE_TITLE as CANARY
from service.listener.refused import Ground
from service.networks import IpNetwork, is_within

PERMANENT, TRANSIENT = 1, 2
SERVICE_USER, PRESENTATION_PROVIDER = 1, 3
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # PS3.7 A.2.1
AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")
"""PS3.5 Table 6.2-1: neither control characters nor a backslash."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an association is rejected: the three numbers of A-ASSOCIATE-RJ, and words."""

    result: int
    source: int
    diagnostic: int
    reason: str
    ground: Ground


def _permanent(diagnostic: int, reason: str, ground: Ground) -> Rejection:
    return Rejection(PERMANENT, SERVICE_USER, diagnostic, reason, ground)


def _transient(diagnostic: int, reason: str, ground: Ground) -> Rejection:
    return Rejection(TRANSIENT, PRESENTATION_PROVIDER, diagnostic, reason, ground)


CONTEXT_NAME = _permanent(2, "application context name not supported", Ground.CONTEXT_NAME)
CALLED_UNKNOWN = _permanent(7, "called AE title not recognised", Ground.CALLED)
CALLING_WRONG = _permanent(3, "calling AE title not recognised: it is none", Ground.CALLING)
CALLING_UNKNOWN = _permanent(
    3, "calling AE title not recognised: no route names it", Ground.CALLING
)
CALLING_ELSEWHERE = _permanent(
    3,
    "calling AE title not recognised: the networks of its routes are others",
    Ground.NETWORK,
)
NOT_NAMED = _permanent(
    3,
    "calling AE title not recognised: the certificate is not one that dicom.tls_names gives it",
    Ground.CERTIFICATE,
)
TOO_MANY = _transient(2, "too many associations at a time", Ground.TOO_MANY)
TOO_MANY_OF_AE = _transient(2, "too many associations of this AE title at a time", Ground.TOO_MANY)
TOO_MANY_OF_HOST = _transient(
    2, "too many associations from this address at a time", Ground.TOO_MANY
)
NO_ROOM = _transient(1, "the disk of the spool is full", Ground.NO_ROOM)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a route names."""

    calling: str
    """A glob of AE titles."""
    networks: tuple[IpNetwork, ...] = ()
    """Where they are; empty: anywhere."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for, and who he is."""

    called: str
    calling: str
    host: str
    """His address."""
    context_name: str = APPLICATION_CONTEXT
    names: frozenset[str] | None = None
    """In the certificate that he proved to have; None without TLS, or where none is wanted."""


@dataclass(frozen=True, slots=True)
class Most:
    """How many associations there may be at a time; 0: no limit."""

    node: int
    ae_title: int = 0
    host: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """The door's rules."""

    ae_title: str
    callers: Callable[[], Collection[Caller]]
    """Who may call, as the routes have it now."""
    most: Most
    intake: Intake
    networks: tuple[IpNetwork, ...] = ()
    """Where peers may connect from at all; empty: anywhere."""
    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Which names in a certificate may use an AE title; empty: any."""

    def rejection(self, asked: Asked, there: Collection[Asked]) -> Rejection | None:
        """Return why an association is rejected while `there` are open; None to accept."""
        if asked.context_name != APPLICATION_CONTEXT:
            return CONTEXT_NAME
        if asked.called.strip(" ") != self.ae_title:
            return CALLED_UNKNOWN
        return (
            self._unknown(asked)
            or self._unproved(asked)
            or self._crowded(asked, there)
            or (None if self._has_room() else NO_ROOM)
        )

    def _unknown(self, asked: Asked) -> Rejection | None:
        calling = asked.calling.strip(" ")
        if not calling or not AE_TITLE.fullmatch(calling):
            return CALLING_WRONG
        named = [one for one in self.callers() if _names(one, calling)]
        if not named:
            return CALLING_UNKNOWN
        networks = [network for one in named for network in one.networks]
        return None if not networks or is_within(asked.host, networks) else CALLING_ELSEWHERE

    def _unproved(self, asked: Asked) -> Rejection | None:
        if not self.names:
            return None
        allowed = frozenset(self.names.get(asked.calling.strip(" "), ()))
        return None if allowed & (asked.names or frozenset()) else NOT_NAMED

    def _crowded(self, asked: Asked, there: Collection[Asked]) -> Rejection | None:
        if 0 < self.most.node <= len(there):
            return TOO_MANY
        if _reached(self.most.ae_title, asked.calling.strip(" "), (o.calling for o in there)):
            return TOO_MANY_OF_AE
        if _reached(self.most.host, asked.host, (one.host for one in there)):
            return TOO_MANY_OF_HOST
        return None

    def _has_room(self) -> bool:
        try:
            self.intake.check_room()
        except NodeError:
            return False
        return True


def _names(caller: Caller, calling: str) -> bool:
    """Tell whether a route names that AE title; that of canaries is named by no glob."""
    if calling == CANARY:
        return caller.calling == CANARY
    return fnmatchcase(calling, caller.calling)


def _reached(most: int, mine: str, others: Iterable[str]) -> bool:
    return 0 < most <= Counter(other.strip(" ") for other in others)[mine]
