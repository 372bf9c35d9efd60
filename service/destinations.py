"""From what the clinic writes about destinations to what the delivery stage serves."""

from functools import partial
from pathlib import Path

from service.delivery.credentials import basic, bearer
from service.delivery.peer import Address, Peer
from service.delivery.stow import Stow
from service.delivery.target import Served
from service.router.routes import Destination
from service.tls import client_context


def served(written: Destination, calling_ae_title: str, base: Path) -> Served:
    """Return how that destination is served; its files are relative to `base`."""
    if written.stow_url:
        return Served(_stow(written, base), written.associations)
    tls = None
    if written.tls:
        tls = partial(client_context, *_files(written, base))
    address = Address(written.ae_title, written.host, written.port)
    peer = Peer(address, calling_ae_title, tls=tls)
    return Served(
        peer,
        written.associations,
        peer if written.storage_commitment else None,
        peer if written.find_after else None,
    )


def _stow(written: Destination, base: Path) -> Stow:
    authorization = partial(str, "")
    if written.stow_token_file:
        authorization = partial(bearer, base / written.stow_token_file)
    elif written.stow_user:
        authorization = partial(basic, written.stow_user, base / written.stow_password_file)
    return Stow(written.stow_url, authorization, partial(client_context, *_files(written, base)))


def _files(written: Destination, base: Path) -> tuple[Path | None, Path | None, Path | None]:
    """Return the files of authorities, certificate and key, None where none is named."""
    named = (written.tls_ca, written.tls_cert, written.tls_key)
    ca, cert, key = (base / name if name else None for name in named)
    return ca, cert, key
