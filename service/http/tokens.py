"""Who may send by HTTP: bearer tokens (RFC 6750), of which only digests are kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.errors import BadConfigurationError, RefusedError, UnknownError

_AE_TITLE = re.compile(r"[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?")
"""PS3.5 Table 6.2-1."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A file of lines such as ``MAMMO1:`` and the SHA-256 of a token; read at each question."""

    path: Path

    def name_of(self, token: str) -> str | None:
        """Return whose token that is, None if nobody's; the time it takes tells nothing.

        Raises:
            BadConfigurationError: if the file cannot be read, or a line is none.
        """
        digest = digest_of(token)
        found = None
        for name, kept in self.read().items():
            if hmac.compare_digest(kept, digest):
                found = name
        return found

    def read(self) -> Mapping[str, str]:
        """Return the digests by name; none if there is no file.

        Raises:
            BadConfigurationError: if the file cannot be read, or a line is none.
        """
        try:
            lines = self.path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfigurationError(f"{self.path}: cannot be read: {error}") from None
        numbered = [(n, line) for n, line in enumerate(lines, start=1) if line.strip()]
        return dict(self._parsed(number, line) for number, line in numbered)

    def add(self, name: str) -> str:
        """Make a token for `name`, keep its digest, and return it: it is told this once.

        Raises:
            RefusedError: if `name` is no AE title, or has a token.
        """
        check_name(name)
        kept = dict(self.read())
        if name in kept:
            raise RefusedError(f"{name} has a token; `senoscope token remove {name}` ends it")
        token = secrets.token_urlsafe(32)
        self._write({**kept, name: digest_of(token)})
        return token

    def remove(self, name: str) -> None:
        """Let the token of `name` count no more.

        Raises:
            UnknownError: if it has none.
        """
        kept = dict(self.read())
        if kept.pop(name, None) is None:
            raise UnknownError(f"{name} has no token in {self.path}")
        self._write(kept)

    def _parsed(self, number: int, line: str) -> tuple[str, str]:
        name, _, digest = line.strip().rpartition(":")
        if not name or len(digest) != hashlib.sha256().digest_size * 2:
            raise BadConfigurationError(
                f"{self.path}: line {number} is not NAME:SHA256; `senoscope token add` writes them"
            )
        return name, digest.lower()

    def _write(self, kept: Mapping[str, str]) -> None:
        temporary = self.path.with_name(f".{self.path.name}.new")
        try:
            temporary.unlink(missing_ok=True)
            temporary.touch(mode=0o600, exist_ok=False)
            lines = "".join(f"{name}:{digest}\n" for name, digest in kept.items())
            temporary.write_text(lines, encoding="ascii")
            temporary.replace(self.path)
        except OSError as error:
            raise BadConfigurationError(f"{self.path}: cannot be written: {error}") from None


def digest_of(token: str) -> str:
    """Return what is kept of a token; it is as long as the digest, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_name(name: str) -> None:
    """Raise RefusedError if `name` is no AE title: it stands for one where routes are chosen."""
    if _AE_TITLE.fullmatch(name) is None:
        raise RefusedError(
            f"{name!r} is no AE title: up to 16 characters, no backslash, no blanks around"
        )
