"""DICOM files that a person sends by hand: `senoscope send`."""

import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.delivery.dicom_file import file_meta
from service.delivery.peer import MOST_CONTEXTS, Address, Link, Offer, Peer, contexts_for
from service.errors import BadConfigurationError, NodeError, RefusedError

__all__ = ["Address", "Sent", "find_files", "parse_address", "send_files"]

logger = logging.getLogger(__name__)

_ADDRESS = re.compile(
    r"(?P<ae_title>[!-?A-\[\]-~]{1,16})@(?P<host>\[[^\]]+\]|[^:@\s]+):(?P<port>[0-9]{1,5})"
)
_DICM = slice(128, 132)  # PS3.10 7.1
_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file."""

    path: Path
    ok: bool
    detail: str
    """In words."""
    size: int
    """Bytes that arrived."""
    seconds: float
    """That it took."""


def parse_address(text: str) -> Address:
    """Return the address that is written as ``AET@HOST:PORT``.

    Raises:
        BadConfigurationError: if it is written otherwise.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= _LARGEST_PORT:
        raise BadConfigurationError(
            f"{text!r} is no address: write AET@HOST:PORT, such as PACS@127.0.0.1:11112"
        )
    return Address(found["ae_title"], found["host"].strip("[]"), int(found["port"]))


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files named, and the DICOM files in the folders named, in the order of names.

    In folders, what has no DICOM preamble is left out, and the log says so.

    Raises:
        RefusedError: if there is none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [
                file for file in sorted(path.rglob("*")) if file.is_file() and _is_dicom(file)
            ]
        else:
            found.append(path)
    if not found:
        raise RefusedError(f"no DICOM file in {', '.join(map(str, paths))}")
    return found


def send_files(files: Sequence[Path], address: Address, calling_ae_title: str) -> Iterator[Sent]:
    """Send each file by C-STORE, and yield what became of it, in their order.

    As many associations are opened as their presentation contexts need. A file that fails does not
    keep the others back.
    """
    peer = Peer(address, calling_ae_title)
    batch: dict[Path, Offer] = {}
    for path in files:
        try:
            meta = file_meta(path)
        except NodeError as error:
            yield from _send_batch(peer, batch)
            batch = {}
            yield _failed(path, error)
            continue
        offer = meta.sop_class_uid, meta.transfer_syntax_uid
        if len(contexts_for({*batch.values(), offer})) > MOST_CONTEXTS:
            yield from _send_batch(peer, batch)
            batch = {}
        batch[path] = offer
    yield from _send_batch(peer, batch)


def _send_batch(peer: Peer, batch: Mapping[Path, Offer]) -> Iterator[Sent]:
    """Send files that fit one association; where the peer ends it, open another for the rest."""
    left = list(batch)
    while left:
        try:
            with peer.linked({batch[path] for path in left}) as link:
                yield _send_one(link, left.pop(0))
                while left and link.alive:
                    yield _send_one(link, left.pop(0))
        except NodeError as error:
            yield from (_failed(path, error) for path in left)
            return


def _send_one(link: Link, path: Path) -> Sent:
    start = time.perf_counter()
    try:
        remark = link.send(path)
    except NodeError as error:
        return _failed(path, error)
    return Sent(path, True, remark or "success", path.stat().st_size, time.perf_counter() - start)  # noqa: FBT003


def _failed(path: Path, error: NodeError) -> Sent:
    return Sent(path, False, str(error), 0, 0.0)  # noqa: FBT003


def _is_dicom(path: Path) -> bool:
    """Tell whether the file has a DICOM preamble; if not, say so in the log."""
    try:
        with path.open("rb") as file:
            found = file.read(132)[_DICM] == b"DICM"
    except OSError:
        found = False
    if not found:
        logger.warning("%s is no DICOM file: left out", path)
    return found
