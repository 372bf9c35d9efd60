"""Who comes in: passwords against sessions, sessions and tokens against people."""

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NoReturn

from service.console.oidc_people import Identity
from service.console.parameters import NAME
from service.console.passwords import Passwords
from service.console.person import DeniedError, NotSignedInError, Person
from service.http.entrance import Failures
from service.ledger.ledger import Ledger
from service.ledger.people import AuditEntry, Session, User

logger = logging.getLogger(__name__)

SEEN_EVERY = timedelta(minutes=1)
"""A session or a token that is used all the time is noted so often."""
BEGIN, END = "session.begin", "session.end"
CHANGED = "the password has just been changed: sign in with the new one"


@dataclass(frozen=True, slots=True)
class Times:
    """How long a session lasts."""

    idle: timedelta
    """Without anything being asked."""
    longest: timedelta
    """In all."""


@dataclass(frozen=True)
class Door:
    """Lets people in, and out again."""

    ledger: Ledger
    times: Times
    now: Callable[[], datetime]
    passwords: Passwords = field(default_factory=Passwords)
    by_address: Failures = field(default_factory=Failures)
    by_name: Failures = field(default_factory=Failures)
    waiting: Failures = field(default_factory=Failures)
    """Of those who must wait it is written down once: they may ask as often as they like."""

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Return the token of a new session.

        Raises:
            DeniedError: name or password are wrong, or it was tried too often.
        """
        told = name if re.fullmatch(NAME, name) else ""
        user = self.ledger.user(told) if told else None
        known = user.name if user else ""  # who is nobody may be a password in the wrong field
        if self.by_address.are_too_many(address) or self.by_name.are_too_many(told):
            self._keep_waiting(known, address)
        if not self.passwords.is_of(user, password) or user is None:
            self._failed(told, known, address, "wrong name or password")
            raise NotSignedInError("the name or the password is wrong")
        return self._begun(user, address)

    def let_in(self, identity: Identity, address: str) -> str:
        """Return the token of a new session of somebody whom the provider knows.

        Raises:
            RefusedError: they have the name of somebody else here.
        """
        now = self.now()
        named = User(identity.name, identity.role, "", now, now, identity.subject)
        return self._begun(self.ledger.admit(named), address, identity.subject)

    def check_patience(self, address: str) -> None:
        """Raise DeniedError if somebody at that address failed too often to try again."""
        if self.by_address.are_too_many(address):
            self._keep_waiting("", address)

    def turned_away(self, address: str, reason: str) -> None:
        """Note that the provider's word for somebody at that address did not count."""
        self._failed("", "", address, reason)

    def who(self, token: str, address: str, *, is_deed: bool = True) -> Person:
        """Return whose session that is; what a page asks by itself is no deed of theirs.

        Raises:
            NotSignedInError: if it is nobody's, or has run out.
        """
        digest = digest_of(token)
        found = self.ledger.session(digest) if token else None
        if found is None:
            raise NotSignedInError
        session, user = found
        now = self.now()
        if now - session.seen_at > self.times.idle or now - session.created_at > self.times.longest:
            self.ledger.end_session(digest)
            raise NotSignedInError("the session has run out: sign in again")
        if is_deed and now - session.seen_at > SEEN_EVERY:
            self.ledger.see_session(digest)
        return Person(user.name, user.role, address, csrf_of(token))

    def program(self, token: str, address: str) -> Person:
        """Return for whom that token of the API acts.

        Raises:
            DeniedError: if for nobody, or it was tried too often.
        """
        self.check_patience(address)
        digest = digest_of(token)
        found = self.ledger.api_token(digest)
        if found is None:
            self._failed("", "", address, "wrong token")
            raise NotSignedInError("that token is nobody's")
        kept, user = found
        now = self.now()
        if kept.expires_at is not None and now >= kept.expires_at:
            raise NotSignedInError(f"the token {kept.label} has run out: make another")
        if kept.used_at is None or now - kept.used_at > SEEN_EVERY:
            self.ledger.see_api_token(digest)
        return Person(user.name, user.role, address)

    def sign_out(self, token: str, person: Person) -> None:
        """End a session."""
        with self.ledger.as_one() as ledger:
            ledger.end_session(digest_of(token))
            ledger.note(person.did(END, "", self.now()))

    def is_deserted(self) -> bool:
        """Tell whether nobody can sign in at all."""
        return not self.ledger.users()

    def _begun(self, user: User, address: str, by: str = "") -> str:
        now = self.now()
        self.ledger.forget_sessions(now - self.times.idle, now - self.times.longest)
        token = secrets.token_urlsafe(32)
        session = Session(digest_of(token), user.name, address, now, now)
        entry = Person(user.name, user.role, address).did(BEGIN, by, now)
        with self.ledger.as_one() as ledger:
            if not ledger.open_session(session, user.password):
                raise NotSignedInError(CHANGED)
            ledger.note(entry)
        return token

    def _failed(self, told: str, known: str, address: str, outcome: str) -> None:
        """Count it for the address and for the name that was told, write it down for the known."""
        first = [self.by_address.add(address), bool(told) and self.by_name.add(told)]
        if any(first):
            logger.warning("somebody at %s has no password or token that counts", address)
        self._note(known, address, outcome)

    def _keep_waiting(self, name: str, address: str) -> NoReturn:
        if self.waiting.add(address):
            self._note(name, address, "too many failures: must wait")
        raise DeniedError(HTTPStatus.TOO_MANY_REQUESTS, "too many failures: wait a minute")

    def _note(self, name: str, address: str, outcome: str) -> None:
        self.ledger.note(AuditEntry(0, self.now(), name, "", address, BEGIN, "", outcome))


def digest_of(token: str) -> str:
    """Return what is kept of a token; it is as long as the digest, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """Return what forms of a session bring along: who knows it does not know the token."""
    return hashlib.sha256(b"form:" + token.encode()).hexdigest()
