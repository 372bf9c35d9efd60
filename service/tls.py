"""TLS as DICOM asks for it: PS3.15 B.12, which is BCP 195 (RFC 8996 and RFC 9325).

TLS 1.2 and 1.3, nothing older; of TLS 1.2 the four cipher suites of RFC 9325 4.2; neither
compression nor renegotiation nor resumption. Doors and senders take their contexts from here.
"""

import logging
import ssl
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from service.errors import BadConfigurationError

logger = logging.getLogger(__name__)

TLS12_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""RFC 9325 4.2."""
_FLIGHTS = 4
"""Rounds in which any handshake is done."""


class Profile(StrEnum):
    """What a door speaks."""

    BCP195 = "bcp195"
    """PS3.15 B.12: TLS 1.3 is preferred, TLS 1.2 is there."""
    TLS13 = "tls13"
    """TLS 1.3 alone: stricter than B.12, which wants TLS 1.2 as well."""


def server_context(
    cert: Path, key: Path, ca: Path | None = None, profile: Profile = Profile.BCP195
) -> ssl.SSLContext:
    """Return what a door speaks TLS with; with `ca`, peers need a certificate that it vouches for.

    Raises:
        BadConfigurationError: naming the file that is missing, wrong, expired or open to all.
    """
    context = _strict(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    if profile is Profile.TLS13:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    _load_identity(context, cert, key)
    if ca is not None:
        _load_ca(context, ca)
        context.verify_mode = ssl.CERT_REQUIRED
    not_after(cert, key)
    return context


def client_context(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return what a sender speaks TLS with: it checks certificate and host name of the peer.

    Without `ca`, authorities that the system trusts count. `cert` and `key` say who we are.

    Raises:
        BadConfigurationError: naming the file that is missing, wrong, expired or open to all.
    """
    context = _strict(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and host name
    if ca is None:
        context.load_default_certs()
    else:
        _load_ca(context, ca)
    if cert is not None and key is not None:
        _load_identity(context, cert, key)
        client_not_after(cert, key)
    return context


def not_after(cert: Path, key: Path) -> datetime:
    """Return when the certificate of a door ends.

    Raises:
        BadConfigurationError: if it has ended, is not valid yet, or is none for servers.
    """
    door, peer = _strict(ssl.PROTOCOL_TLS_SERVER), _strict(ssl.PROTOCOL_TLS_CLIENT)
    peer.check_hostname = False
    _load_identity(door, cert, key)
    _load_ca(peer, cert)
    asking, answering = _pair(peer, door)
    return _end_of(cert, asking, answering)


def client_not_after(cert: Path, key: Path) -> datetime:
    """Return when the certificate of a sender ends.

    Raises:
        BadConfigurationError: if it has ended, is not valid yet, or is none for clients.
    """
    sender, peer = _strict(ssl.PROTOCOL_TLS_CLIENT), _strict(ssl.PROTOCOL_TLS_SERVER)
    sender.check_hostname = False
    sender.verify_mode = ssl.CERT_NONE  # whom it speaks with is this function
    peer.verify_mode = ssl.CERT_REQUIRED
    _load_identity(sender, cert, key)
    _load_identity(peer, cert, key)
    _load_ca(peer, cert)
    asking, answering = _pair(sender, peer)
    return _end_of(cert, answering, asking)


def _strict(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(TLS12_SUITES))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a CA file may hold an intermediate
    return context


def _load_identity(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    _readable(cert)
    _readable(key)
    if key.stat().st_mode & stat.S_IRWXO:
        raise BadConfigurationError(f"{key}: every user can reach this private key: chmod o= {key}")
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadConfigurationError(f"{key}: not the key of the certificate {cert}") from None
        raise BadConfigurationError(
            f"{cert}, {key}: not a certificate and its key in PEM ({error.reason or 'no PEM'})"
        ) from None
    except ValueError:
        raise BadConfigurationError(
            f"{key}: encrypted with a password: store it without (openssl pkey), chmod 600"
        ) from None


def _no_password() -> str:
    raise ValueError("no password is asked for")


def _load_ca(context: ssl.SSLContext, ca: Path) -> None:
    _readable(ca)
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise BadConfigurationError(
            f"{ca}: no certificates in PEM ({error.reason or 'no PEM'})"
        ) from None


def _readable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None


def _pair(client: ssl.SSLContext, server: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Return both ends of a connection that exists in memory alone."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    return client.wrap_bio(to_client, to_server), server.wrap_bio(
        to_server, to_client, server_side=True
    )


def _end_of(cert: Path, seeing: ssl.SSLObject, showing: ssl.SSLObject) -> datetime:
    """Let the two shake hands and return when the certificate that is shown ends."""
    try:
        for side in (seeing, showing) * _FLIGHTS:
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLCertVerificationError as error:
        raise BadConfigurationError(
            f"{cert}: {error.verify_message}: put a new certificate there"
        ) from None
    seen = seeing.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(seen["notAfter"])), UTC)


@dataclass(frozen=True, slots=True)
class Files:
    """Where a door's certificate lies, and that of those who vouch for its peers."""

    cert: Path
    key: Path
    ca: Path | None = None
    profile: Profile = Profile.BCP195

    def context(self) -> ssl.SSLContext:
        """Return what the files on the disk now make; raises as `server_context` does."""
        return server_context(self.cert, self.key, self.ca, self.profile)

    def state(self) -> tuple[int, ...]:
        """Return what changes when one of them does."""
        found: list[int] = []
        for path in (self.cert, self.key, self.ca):
            with suppress(OSError):
                told = path.stat() if path is not None else None
                found += (told.st_mtime_ns, told.st_size, told.st_ino) if told else ()
        return tuple(found)


class Renewed:
    """A door's TLS, read again when its files change: new connections use the new.

    Raises:
        BadConfigurationError: as `server_context` does, if they are wrong from the start.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._seen = files.state()
        self._context = files.context()

    def context(self) -> ssl.SSLContext:
        """Return the context in force: of the files on the disk, or the last that were good."""
        with self._lock:
            state = self._files.state()
            if state != self._seen:
                self._seen = state
                self._read()
            return self._context

    def _read(self) -> None:
        try:
            self._context = self._files.context()
        except BadConfigurationError as error:
            logger.error("TLS stays as it was: %s", error)  # noqa: TRY400 - said in a line
            return
        logger.info("%s was read again", self._files.cert)
