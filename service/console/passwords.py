"""Passwords: kept as argon2id hashes, and compared in a time that tells nothing."""

import threading
from dataclasses import dataclass, field
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import RefusedError
from service.ledger.people import User

SHORTEST = 12
"""Characters."""
LONGEST = 200
AT_ONCE = 2
"""Comparisons at a time: each takes 64 MiB."""


@dataclass(frozen=True)
class Passwords:
    """Hashes and compares; see RFC 9106 for the parameters, which are argon2-cffi's own."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def hashed(self, password: str) -> str:
        """Return what is kept of `password`."""
        with self.free:
            return self.hasher.hash(password)

    def is_of(self, user: User | None, password: str) -> bool:
        """Tell whether `password` is that user's; it takes as long if there is none of either."""
        kept = (user.password if user is not None else "") or self._nobody
        with self.free:
            try:
                self.hasher.verify(kept, password)
            except (VerificationError, InvalidHashError):
                return False
        return user is not None and bool(user.password)

    @cached_property
    def _nobody(self) -> str:
        """What the password of nobody is compared with."""
        return self.hasher.hash("of nobody")


def check_password(name: str, password: str) -> None:
    """Raise RefusedError if `password` is too easy to guess for the user of that name."""
    if len(password) < SHORTEST:
        raise RefusedError(f"the password is too short: {SHORTEST} characters at least")
    if len(password) > LONGEST:
        raise RefusedError(f"the password is too long: {LONGEST} characters at most")
    if name.lower() in password.lower() or len(set(password)) < SHORTEST // 2:
        raise RefusedError("the password is too easy to guess: not the name, not a few letters")
