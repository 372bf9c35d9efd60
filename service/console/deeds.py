"""What people do to the node, each written into the audit trail however it ends."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from service.console.door import digest_of
from service.console.passwords import Passwords, check_password
from service.console.person import DeniedError, Person
from service.errors import NodeError, RefusedError, UnavailableError
from service.http.entrance import Failures
from service.ledger.ledger import Ledger
from service.ledger.people import ApiToken, AuditEntry, Role, User


@dataclass(frozen=True)
class Deeds:
    """Does what somebody asks for, and notes that they did."""

    ledger: Ledger
    passwords: Passwords
    now: Callable[[], datetime]
    guesses: Failures = field(default_factory=Failures)
    """Of passwords, by name; the door counts here too."""

    @contextmanager
    def noted(self, person: Person, action: str, what: str) -> Iterator[None]:
        """Note that `person` did that to `what`, or what came in between."""
        try:
            yield
        except UnavailableError:
            raise  # the audit trail lies in the ledger too: nothing was done, nothing can be noted
        except NodeError as error:
            self.note(person, action, what, str(error))
            raise
        self.note(person, action, what, "done")

    def note(self, person: Person, action: str, what: str, outcome: str) -> None:
        """Write down what somebody did."""
        entry = AuditEntry(
            0, self.now(), person.name, str(person.role), person.address, action, what, outcome
        )
        self.ledger.note(entry)

    def retry_job(self, person: Person, job_id: str) -> None:
        """Queue a job that was given up again."""
        with self.noted(person, "job.retry", job_id):
            self.ledger.retry(job_id)

    def cancel_job(self, person: Person, job_id: str) -> None:
        """Cancel a job."""
        with self.noted(person, "job.cancel", job_id):
            self.ledger.cancel(job_id)

    def complete_study(self, person: Person, study: str) -> None:
        """Judge a study now."""
        with self.noted(person, "study.complete", study):
            self.ledger.ask_complete(study)

    def reprocess_study(self, person: Person, study: str) -> None:
        """Judge and process a study again."""
        with self.noted(person, "study.reprocess", study):
            self.ledger.reopen(study)

    def resend_study(self, person: Person, study: str, destination: str) -> int:
        """Owe a destination again what it was sent of a study; return how much."""
        with self.noted(person, "study.resend", f"{study} to {destination}"):
            return self.ledger.resend(study, destination)

    def retry_deliveries(self, person: Person, destination: str | None, study: str | None) -> int:
        """Owe what is parked or put off again now; return how much."""
        named = " ".join(filter(None, [destination, study])) or "all"
        with self.noted(person, "delivery.retry", named):
            return self.ledger.retry_deliveries(destination, study)

    def add_user(self, person: Person, name: str, role: Role, password: str) -> None:
        """Let somebody sign in."""
        with self.noted(person, "user.add", f"{name} as {role}"):
            check_password(name, password)
            now = self.now()
            self.ledger.add_user(User(name, role, self.passwords.hashed(password), now, now))

    def remove_user(self, person: Person, name: str) -> None:
        """Let somebody sign in no more."""
        with self.noted(person, "user.remove", name):
            self.ledger.remove_user(name)

    def change_role(self, person: Person, name: str, role: Role) -> None:
        """Let somebody do more or less."""
        with self.noted(person, "user.role", f"{name} is {role}"):
            self.ledger.change_role(name, role)

    def change_password(self, person: Person, name: str, password: str) -> None:
        """Give somebody another password; their sessions end."""
        with self.noted(person, "user.password", name):
            check_password(name, password)
            self.ledger.change_password(name, self.passwords.hashed(password))

    def change_own_password(self, person: Person, old: str, new: str) -> None:
        """Give oneself another password, knowing the one before.

        Raises:
            DeniedError: it was guessed too often.
            RefusedError: it is another one, or the new one is too easy to guess.
        """
        if self.guesses.are_too_many(person.name):
            raise DeniedError(HTTPStatus.TOO_MANY_REQUESTS, "too many failures: wait a minute")
        if not self.passwords.is_of(self.ledger.user(person.name), old):
            self.guesses.add(person.name)
            with self.noted(person, "user.password", person.name):
                raise RefusedError("the password that you have now is another one")
        self.change_password(person, person.name, new)

    def add_token(self, person: Person, user: str, label: str) -> str:
        """Let a program act for a user; return the token: it is told this once."""
        token = secrets.token_urlsafe(32)
        with self.noted(person, "token.add", f"{label} of {user}"):
            self.ledger.add_api_token(ApiToken(digest_of(token), user, label, self.now()))
        return token

    def remove_token(self, person: Person, user: str, label: str) -> None:
        """Let a token count no more."""
        with self.noted(person, "token.remove", f"{label} of {user}"):
            self.ledger.remove_api_token(user, label)
