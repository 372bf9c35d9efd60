"""Where the broker is and how it is reached: from what people write to what Celery understands."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from service.errors import BadConfigurationError

SCHEMES = ("redis", "rediss", "sentinel", "redis+socket")
SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker by its URL; an empty one is a folder of files."""

    url: str = ""
    master: str = ""
    """The name by which Sentinel knows it."""
    tls_ca: Path | None = None
    password: str = ""

    def __post_init__(self) -> None:
        """Refuse what can never be reached."""
        for part in filter(None, self.url.split(";")):
            scheme = urlsplit(part).scheme
            if scheme not in SCHEMES:
                known = ", ".join(f"{one}://" for one in SCHEMES[:3])
                raise BadConfigurationError(f"queue.broker: {scheme or part!r} is none of {known}")
        if self.is_sentinel and not self.master:
            raise BadConfigurationError(
                "queue.master: Sentinel must be asked for a master by name, such as 'mymaster'"
            )
        if self.tls_ca is not None and not self.tls_ca.is_file():
            raise BadConfigurationError(f"queue.tls_ca: no such file: {self.tls_ca}")

    @property
    def is_sentinel(self) -> bool:
        """Whether Sentinel is asked where Redis is."""
        return urlsplit(self.url).scheme == SENTINEL

    @property
    def full_url(self) -> str:
        """Return the URL with the password in each of its parts; never log it."""
        if not self.password:
            return self.url
        return ";".join(_with_password(part, self.password) for part in self.url.split(";"))

    @property
    def conf(self) -> Mapping[str, Any]:
        """Return what Celery is told beside the URL."""
        if urlsplit(self.url).scheme != "rediss" and self.tls_ca is None:
            return {}
        checked: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
        if self.tls_ca is not None:
            checked["ssl_ca_certs"] = str(self.tls_ca)
        return {"broker_use_ssl": checked}

    @property
    def options(self) -> Mapping[str, Any]:
        """Return what the transport is told beside what all are told."""
        if not self.is_sentinel:
            return {}
        limits = {"socket_connect_timeout": 2, "socket_timeout": 2}
        return {"master_name": self.master, "sentinel_kwargs": limits}


def _with_password(part: str, password: str) -> str:
    there = urlsplit(part)
    if "@" in there.netloc:
        return part
    return urlunsplit(there._replace(netloc=f":{quote(password, safe='')}@{there.netloc}"))


def read_password(path: Path) -> str:
    """Return the first line of that file.

    Raises:
        BadConfigurationError: if it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfigurationError(f"queue.password_file: cannot read {path}: {error}") from None
    return lines[0].strip() if lines else ""
