"""What a connection must pass before it may ask for an association: its network, and TLS."""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from pynetdicom.association import Association

from service.listener.refused import Ground, Refused
from service.networks import IpNetwork, address_of, is_within

HANDSHAKE = 0x16
"""The first byte of a peer that speaks TLS: RFC 8446 5.1."""
PARTING_S = 0.5
"""Longest wait for a peer to hear why it was refused."""


class NotTlsError(Exception):
    """The peer does not speak TLS; the message says what it does."""


class GoneError(Exception):
    """The peer left before it said anything: it only looked whether somebody listens."""


class Turns:
    """Places for connections: so many in all, so many of one address.

    Until it has an association a connection holds its place here; then the association counts.
    """

    def __init__(self, most: int, of_host: int = 0) -> None:
        """Give `most` places; `of_host` 0: any number of one address."""
        self._most = most
        self._of_host = of_host
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, host: str, others: Sequence[str]) -> bool:
        """Take a place beside associations of `others`; False if there is none."""
        with self._lock:
            if self._taken.total() + len(others) >= self._most:
                return False
            if 0 < self._of_host <= self._taken[host] + others.count(host):
                return False
            self._taken[host] += 1
            return True

    def leave(self, host: str) -> None:
        """Give back what was taken."""
        with self._lock:
            self._taken[host] -= 1
            self._taken += Counter()  # forgets those that hold nothing


@dataclass(frozen=True)
class Gate:
    """Lets connections in, or closes them; a peer is told nothing, the ledger is."""

    refused: Refused
    turns: Turns
    networks: tuple[IpNetwork, ...] = ()
    """Peers elsewhere are closed before a byte is read; empty: from everywhere."""
    tls: Callable[[], ssl.SSLContext] | None = None
    """What new connections speak; None: plain DICOM."""
    handshake_s: float = 15.0
    """Longest handshake."""

    def admits(self, host: str, others: Sequence[str]) -> bool:
        """Tell, before a byte of it is read, whether a peer may connect; its turn begins then."""
        if self.networks and not is_within(host, self.networks):
            self.refused.note(host, Ground.NETWORK, "connection closed: not in dicom.networks")
            return False
        if not self.turns.take(host, others):
            reason = "connection closed: too many at a time, or too many from this address"
            self.refused.note(host, Ground.CONNECTIONS, reason)
            return False
        return True

    def secured(self, client: socket.socket, host: str) -> socket.socket | None:
        """Return what to speak DICOM on; None if the peer did not get through TLS."""
        if self.tls is None:
            return client
        try:
            return _shaken(client, self.tls(), self.handshake_s)
        except GoneError:  # nothing was asked for, as at a door without TLS
            return None
        except (OSError, NotTlsError) as error:
            self.refused.note(host, Ground.TLS, f"TLS refused: {fault(error)}")
            return None


def _shaken(client: socket.socket, context: ssl.SSLContext, seconds: float) -> ssl.SSLSocket:
    """Return the connection once both sides are whom they say; all of it takes `seconds` at most.

    Raises:
        GoneError: if the peer leaves at once.
        NotTlsError: if it begins with something else.
        OSError: if it fails; see `fault`.
    """
    usual, deadline = client.gettimeout(), time.monotonic() + seconds
    client.settimeout(seconds)
    try:
        first = client.recv(1, socket.MSG_PEEK)
    except ConnectionResetError as error:
        raise GoneError from error
    if not first:
        raise GoneError
    if first[0] != HANDSHAKE:
        raise NotTlsError("the peer does not speak TLS: switch TLS on at its side")
    client.settimeout(max(deadline - time.monotonic(), 0.001))
    secure = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
    try:
        secure.do_handshake()  # its time-out is one of the whole
    except OSError:
        _let_alert_arrive(secure)
        secure.close()
        raise
    secure.settimeout(usual)
    return secure


def _let_alert_arrive(secure: ssl.SSLSocket) -> None:
    """Wait a moment for the peer to hang up: a reset would take the alert from it."""
    deadline = time.monotonic() + PARTING_S
    with suppress(OSError):
        secure.shutdown(socket.SHUT_WR)  # from here on it is a plain socket
        while (left := deadline - time.monotonic()) > 0:
            secure.settimeout(left)
            if not secure.recv(1 << 16):
                return


_WORDS: Mapping[str, str] = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the peer has no certificate, and this node wants one",
    "NO_SHARED_CIPHER": "no common cipher suite: docs/security.md names those of this node",
    "UNSUPPORTED_PROTOCOL": "the peer's TLS is too old: docs/security.md names ours",
    "NO_PROTOCOLS_AVAILABLE": "the peer's TLS is too old: docs/security.md names ours",
    "TLSV1_ALERT_UNKNOWN_CA": "the peer does not know the authority of this node's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the peer says that this node's certificate has expired",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the peer does not accept this node's certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the peer does not accept this node's certificate",
    "UNEXPECTED_EOF_WHILE_READING": "the peer left within the handshake",
}


def fault(error: OSError | NotTlsError) -> str:
    """Return in words why a handshake failed."""
    if isinstance(error, NotTlsError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the peer's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = str(error.reason or "")
        return _WORDS.get(reason) or reason.lower().replace("_", " ") or "it failed"
    if isinstance(error, TimeoutError):
        return "no handshake in time"
    return "the peer left within the handshake"


def names_of(client: object) -> frozenset[str] | None:
    """Return the names in the certificate that a peer proved; None if it proved none."""
    found = client.getpeercert() if isinstance(client, ssl.SSLSocket) else None
    if not found:
        return None
    parts = cast("tuple[tuple[tuple[str, str], ...], ...]", found["subject"])
    subject = {value for part in parts for key, value in part if key == "commonName"}
    others = cast("tuple[tuple[str, str], ...]", found.get("subjectAltName", ()))
    return frozenset(subject | {value for _, value in others})


def host_of(association: Association) -> str:
    """Return the address of the peer, as `plain` has it."""
    told = association.requestor.address_info
    return plain(told.address) if told is not None else ""


def plain(address: str) -> str:
    """Return an address as it is written down; one of IPv4 that came by IPv6 as such."""
    return str(address_of(address))
