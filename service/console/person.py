"""Who asks, and what kinds of answers they can get instead of what they asked for."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from service.errors import NodeError
from service.ledger.people import AuditEntry, Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in, or a program that acts for them."""

    name: str
    role: Role
    address: str
    csrf: str = ""
    """What a form of this session must bring along; empty for programs, which show a token."""

    def did(self, action: str, what: str, at: datetime, outcome: str = "done") -> AuditEntry:
        """Return what the audit trail shall say of it."""
        return AuditEntry(0, at, self.name, str(self.role), self.address, action, what, outcome)


class DeniedError(NodeError):
    """What was asked is not done; the message says why in plain words."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class NotSignedInError(DeniedError):
    """Nobody is signed in."""

    def __init__(self, reason: str = "sign in first") -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, reason)
