"""Taking out of texts what could point at a patient, or open a door."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_UID = re.compile(
    r"(?<![\w.])[012](?:(?:\.[0-9]+){3,}|\.[0-9]+\.[0-9]{6,}(?:\.[0-9]+)*)(?!\w|\.[0-9])"
)
"""PS3.5 9.1, long ones of three numbers (``2.25.``), and IPv4 addresses, which are told apart."""
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_QUOTED = re.compile(r"(?<![A-Za-z0-9])(['\"])(?:\\.|(?!\1).)*\1", re.DOTALL)
_SCHEME = r"[a-z][a-z0-9+.-]*://"
_IN_URL = re.compile(rf"{_SCHEME}(?:(?![;,]{_SCHEME})\S)+", re.IGNORECASE)
"""To the next blank or URL: a password may hold what else would end it."""
_TRACE = re.compile(r"(?<!\w)[0-9a-f]{32}(?!\w)")
"""Of `service.trail`: who knows a UID can compute it."""
_DIGITS = 8
_SECRET = re.compile(r"password|secret|token$|key$", re.IGNORECASE)
_BEYOND = re.compile(r"[?#]")
"""Begins the query or the fragment of a URL."""
HIDDEN = "***"


@dataclass(frozen=True)
class Mask:
    """Replaces names by others: the same by the same, and nobody can find out which they were."""

    salt: bytes
    """Chance, made for one bundle and then forgotten."""
    names: Collection[str] = ()
    """What is to be hidden besides, such as AE titles and hosts."""

    def text(self, text: str) -> str:
        """Return `text` without UIDs, values that it quotes, passwords and those names."""
        text = _QUOTED.sub(r"\1...\1", text)
        text = _IN_URL.sub(lambda found: url_without_secrets(found[0]), text)
        text = _TRACE.sub(lambda found: self._other("trace", found[0]), text)
        text = _UID.sub(self._of_uid, text)
        for name in sorted(self.names, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", self._other("name", name), text)
        return text

    def tree(self, value: object) -> object:
        """Return `value`, as JSON has it, with each of its texts masked, the keys too."""
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.tree(one) for key, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.tree(one) for one in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))

    def _of_uid(self, found: re.Match[str]) -> str:
        return found[0] if _ADDRESS.fullmatch(found[0]) else self._other("uid", found[0])

    def _other(self, kind: str, name: str) -> str:
        digest = hashlib.blake2b(name.encode(), key=self.salt, digest_size=_DIGITS // 2)
        return f"{kind}-{digest.hexdigest()}"


def url_without_secrets(url: str) -> str:
    """Return a URL without user, password, query and fragment; only its scheme if they mingle."""
    scheme, _, rest = url.partition("://")
    secret, _, shown = rest.rpartition("@")
    if _BEYOND.search(secret):  # of a password, or an address in a query: who can tell?
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{_BEYOND.split(shown)[0]}"


def without_secrets(value: object, key: str = "") -> object:
    """Return settings without what is secret in them: a file is named, what it holds is not.

    The path of the address that a webhook is posted to is as good as a password.
    """
    if isinstance(value, Mapping):
        kept = {name: without_secrets(one, str(name)) for name, one in value.items()}
        if key == "webhook" and kept.get("url"):
            kept["url"] = urlsplit(str(kept["url"])).hostname
        return kept
    if not isinstance(value, str) or not value or key.endswith("_file") or key.startswith("tls_"):
        return value
    if "://" in value:
        return _IN_URL.sub(lambda found: url_without_secrets(found[0]), value)
    return HIDDEN if _SECRET.search(key) else value
