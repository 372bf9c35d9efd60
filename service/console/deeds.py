"""What people do to the node, each written into the audit trail however it ends."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from service.console.door import digest_of
from service.console.parameters import DAYS
from service.console.passwords import Passwords, check_password
from service.console.person import DeniedError, Person
from service.errors import NodeError, RefusedError, UnavailableError
from service.http.entrance import Failures
from service.ledger.ledger import Ledger
from service.ledger.people import ApiToken, Role, User


@dataclass(frozen=True)
class Deeds:
    """Does what somebody asks for, and notes that they did."""

    ledger: Ledger
    passwords: Passwords
    now: Callable[[], datetime]
    guesses: Failures = field(default_factory=Failures)
    """Of passwords, by name; the door counts here too."""

    @contextmanager
    def done(self, person: Person, action: str, what: str) -> Iterator[Ledger]:
        """Give a ledger in which `person` does that to `what`: with the note of it, or not at all.

        Raises:
            UnavailableError: if the ledger is; if it was done nevertheless, it is noted.
        """
        with self.failures_noted(person, action, what), self.ledger.as_one() as ledger:
            yield ledger
            ledger.note(person.did(action, what, self.now()))

    @contextmanager
    def noted(self, person: Person, action: str, what: str) -> Iterator[None]:
        """Note that `person` did that to `what` outside the ledger, or what came in between."""
        with self.failures_noted(person, action, what):
            yield
        self.note(person, action, what, "done")

    @contextmanager
    def failures_noted(self, person: Person, action: str, what: str) -> Iterator[None]:
        """Note what came in between when `person` wanted to do that to `what`."""
        try:
            yield
        except UnavailableError:
            raise  # what is away is mostly the ledger, and the audit trail lies in it
        except NodeError as error:
            self.note(person, action, what, str(error))
            raise

    def note(self, person: Person, action: str, what: str, outcome: str) -> None:
        """Write down what somebody did."""
        self.ledger.note(person.did(action, what, self.now(), outcome))

    def retry_job(self, person: Person, job_id: str) -> None:
        """Queue a job that was given up again."""
        with self.done(person, "job.retry", job_id) as ledger:
            ledger.retry(job_id)

    def cancel_job(self, person: Person, job_id: str) -> None:
        """Cancel a job."""
        with self.done(person, "job.cancel", job_id) as ledger:
            ledger.cancel(job_id)

    def complete_study(self, person: Person, study: str) -> None:
        """Judge a study now."""
        with self.done(person, "study.complete", study) as ledger:
            ledger.ask_complete(study)

    def reprocess_study(self, person: Person, study: str) -> None:
        """Judge and process a study again."""
        with self.done(person, "study.reprocess", study) as ledger:
            ledger.reopen(study)

    def resend_study(self, person: Person, study: str, destination: str) -> int:
        """Owe a destination again what it was sent of a study; return how much."""
        with self.done(person, "study.resend", f"{study} to {destination}") as ledger:
            return ledger.resend(study, destination)

    def retry_deliveries(self, person: Person, destination: str | None, study: str | None) -> int:
        """Owe what is parked or put off again now; return how much."""
        named = " ".join(filter(None, [destination, study])) or "all"
        with self.done(person, "delivery.retry", named) as ledger:
            return ledger.retry_deliveries(destination, study)

    def add_user(self, person: Person, name: str, role: Role, password: str) -> None:
        """Let somebody sign in."""
        deed, now = (person, "user.add", f"{name} as {role}"), self.now()
        with self.failures_noted(*deed):
            kept = self._hashed(name, password)
        with self.done(*deed) as ledger:
            ledger.add_user(User(name, role, kept, now, now))

    def remove_user(self, person: Person, name: str) -> None:
        """Let somebody sign in no more."""
        with self.done(person, "user.remove", name) as ledger:
            ledger.remove_user(name)

    def change_role(self, person: Person, name: str, role: Role) -> None:
        """Let somebody do more or less."""
        with self.done(person, "user.role", f"{name} is {role}") as ledger:
            _check_ours(ledger, name, "role")
            ledger.change_role(name, role)

    def change_password(self, person: Person, name: str, password: str) -> None:
        """Give somebody another password; their sessions end."""
        deed = person, "user.password", name
        with self.failures_noted(*deed):
            _check_ours(self.ledger, name, "password")
            kept = self._hashed(name, password)
        with self.done(*deed) as ledger:
            ledger.change_password(name, kept)

    def change_own_password(self, person: Person, old: str, new: str) -> None:
        """Give oneself another password, knowing the one before.

        Raises:
            DeniedError: it was guessed too often.
            RefusedError: it is another one, there is none, or the new one is too easy to guess.
        """
        _check_ours(self.ledger, person.name, "password")
        if self.guesses.are_too_many(person.name):
            raise DeniedError(HTTPStatus.TOO_MANY_REQUESTS, "too many failures: wait a minute")
        if not self.passwords.is_of(self.ledger.user(person.name), old):
            self.guesses.add(person.name)
            with self.failures_noted(person, "user.password", person.name):
                raise RefusedError("the password that you have now is another one")
        self.change_password(person, person.name, new)

    def add_token(self, person: Person, user: str, label: str, days: int = DAYS) -> str:
        """Let a program act for a user for that long; return the token: it is told this once."""
        token = secrets.token_urlsafe(32)
        now = self.now()
        kept = ApiToken(digest_of(token), user, label, now, now + timedelta(days=days))
        with self.done(person, "token.add", f"{label} of {user}") as ledger:
            ledger.add_api_token(kept)
        return token

    def remove_token(self, person: Person, user: str, label: str) -> None:
        """Let a token count no more."""
        with self.done(person, "token.remove", f"{label} of {user}") as ledger:
            ledger.remove_api_token(user, label)

    def _hashed(self, name: str, password: str) -> str:
        """Return what is kept of a password, unless it is too easy to guess."""
        check_password(name, password)
        return self.passwords.hashed(password)


def _check_ours(ledger: Ledger, name: str, what: str) -> None:
    """Raise RefusedError if it is the provider's to say."""
    user = ledger.user(name)
    if user is not None and user.subject:
        raise RefusedError(f"{name} signs in elsewhere: the {what} is changed there")
