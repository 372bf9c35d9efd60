"""The node's own door, as a canary comes to it."""

import socket
import ssl
from functools import partial

from service.delivery.peer import Address, Patience, Peer
from service.errors import UnavailableError
from service.ledger.canary import AE_TITLE
from service.tls import Files, client_context

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to connect to, not to bind
PATIENCE = Patience(connect_s=5, acse_s=10, dimse_s=20)


def own_door(node: Address, named: str, tls: Files | None) -> Peer:
    """Return whom canaries are sent to: `node`, or what is `named` as ``host:port`` instead."""
    host, port = EVERYWHERE.get(node.host, node.host), node.port
    if named:
        host, _, digits = named.rpartition(":")
        host, port = host.strip("[]"), int(digits)
    address = Address(node.ae_title, host, port)
    return Peer(address, AE_TITLE, PATIENCE, partial(_to_ourselves, tls) if tls else None)


def knock(door: Peer) -> None:
    """See whether anybody listens there at all.

    Raises:
        UnavailableError: if nobody does.
    """
    host, port = door.address.host, door.address.port
    try:
        with socket.create_connection((host, port), door.patience.connect_s):
            return
    except OSError as error:
        why = (error.strerror or str(error) or type(error).__name__).lower()
        told = f"nothing listens on {host}:{port} ({why}): is `senoscope serve` up?"
        raise UnavailableError(told) from error


def _to_ourselves(files: Files) -> ssl.SSLContext:
    """Return what trusts the certificate of this node alone, by whatever name it is reached."""
    own = (files.cert, files.key) if files.ca else (None, None)
    context = client_context(files.cert, *own)
    context.check_hostname = False
    return context
