"""Putting a text of routes in the place of the one on the disk, by somebody who may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.console.desk import Desk
from service.console.person import Person
from service.console.routes_desk import RoutesDesk, checked_text, digest_of
from service.errors import RefusedError, UnavailableError
from service.router.toml import NoTomlError, read_toml
from service.router.writing import write_routes

CHANGED = (
    "{name} was changed on the disk in the meantime: look at what differs, then apply yours or "
    "begin anew"
)
READ_ONLY = "{name} may not be changed here: it is read-only. Change it where it comes from"
WRITABLE = 0o222
BEGUN = "begun"
"""What the audit trail has before the file is replaced: the ledger may be away afterwards."""
FILES = ("tls_ca", "tls_cert", "tls_key", "stow_token_file", "stow_password_file")
"""Keys of a destination that name files of the node's machine."""
NEW_FILE = (
    "{file} is a file that {name} never named as {key} for {host}: who signs in here cannot have "
    "the node read any file and send it away; write this into {name} on the node's machine"
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A text that was put into force."""

    version: int
    sha256: str


def apply(desk: Desk, person: Person, text: str, replaces: str) -> Applied:
    """Put `text` in the place of the one on the disk, whose SHA-256 is `replaces`; note who did.

    Raises:
        RefusedError: if it is wrong, the one on the disk is another, or it cannot be replaced.
    """
    text = checked_text(text)
    deed = person, "routes.apply", f"sha256 {digest_of(text)[:12]}"
    with desk.deeds.noted(*deed):
        return _written(desk, deed, text, replaces)


def restore(desk: Desk, person: Person, number: int, replaces: str) -> Applied:
    """Put a version that was in force before there again; see `apply`.

    Raises:
        UnknownError: if it is no longer kept.
        RefusedError: as `apply`.
    """
    deed = person, "routes.restore", f"version {number}"
    with desk.deeds.noted(*deed):
        return _written(desk, deed, desk.ledger.routes_version(number).text, replaces)


def _written(desk: Desk, deed: tuple[Person, str, str], text: str, replaces: str) -> Applied:
    routes = desk.routes
    with routes.changing():
        if digest_of(routes.on_disk()) != replaces:
            raise RefusedError(CHANGED.format(name=routes.path.name))
        _check_files(desk, text)
        _check_text(routes, text)
        desk.deeds.note(*deed, BEGUN)
        _write(routes, text)
    version = desk.deeds.ledger.keep_routes(text, routes.versions_kept)
    return Applied(version, digest_of(text))


def _check_files(desk: Desk, text: str) -> None:
    """Raise RefusedError if a file is to be used as, or for whom, it never was before."""
    fresh = uses_of(text) - uses_of(desk.routes.on_disk())
    for one in desk.ledger.routes_versions() if fresh else ():
        fresh -= uses_of(one.text)
    if fresh:
        key, file, host = min(fresh)
        name = desk.routes.path.name
        raise RefusedError(NEW_FILE.format(file=file, name=name, key=key, host=host))


Use = tuple[str, str, str]
"""A key of a destination, the file that it names, and the host that it is used for."""


def uses_of(text: str) -> frozenset[Use]:
    """Return what destinations in a text of routes use files for; nothing where it is wrong."""
    try:
        found: Any = read_toml(text).get("destinations")
    except NoTomlError:  # that is told when it is written
        return frozenset()
    tables = found.values() if isinstance(found, dict) else ()
    written = [one for one in tables if isinstance(one, dict)]
    return frozenset(
        (key, str(one[key]), _host(one)) for one in written for key in FILES if key in one
    )


def _host(destination: Mapping[str, Any]) -> str:
    """Return the host of a destination as it is written, with the port of a STOW-RS service."""
    url = str(destination.get("stow_url", ""))
    return url.partition("://")[2].partition("/")[0] or str(destination.get("host", ""))


def _check_text(routes: RoutesDesk, text: str) -> None:
    """Raise RefusedError if `text` is wrong, or the file may not be changed."""
    name = routes.path.name
    if routes.path.exists() and not routes.path.stat().st_mode & WRITABLE:
        raise RefusedError(READ_ONLY.format(name=name))
    examined = routes.examined(text)
    if examined.routes is None:
        told = examined.first_mistake(routes.path).removeprefix(str(routes.path)).lstrip(":")
        raise RefusedError(f"nothing was changed: {name}, line {told}")


def _write(routes: RoutesDesk, text: str) -> None:
    try:
        write_routes(routes.path, text, routes.pipelines, routes.own)
    except UnavailableError as error:  # whoever asked must know, and the audit trail too
        raise RefusedError(f"{error}: change it where it comes from") from error
