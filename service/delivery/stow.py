"""A destination that takes results by STOW-RS: PS3.18 10.5."""

import json
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from pydicom.uid import UID, ExplicitVRLittleEndian
from typing_extensions import override

from service.delivery.answers import DestinationError, check_answer
from service.delivery.dicom_file import FileMeta, file_meta, write_uncompressed
from service.delivery.peer import SLOWEST, Offer, Patience
from service.errors import BadConfigurationError, NodeError, RefusedError, UnavailableError

DICOM_JSON = "application/dicom+json"
BOUNDARY = "senoscope-58c1f1b0c04a4b6f"
"""Longer than chance would put into a file after CR LF and two hyphens."""
PIECE = 1 << 18
"""Bytes of a file in memory at once."""
LONGEST_ANSWER = 1 << 20
SYNTAX_NOT_SUPPORTED = 0xC122
FAILED, RETRIEVED, UID_OF = "00081198", "00081199", "00081155"
FAILURE_REASON, WARNING_REASON = "00081197", "00081196"
"""PS3.18 Table I.2-1."""
PATIENCE = Patience()
TRANSIENT = {408, 425, 429}
MENDABLE = {401, 403, 404, 405}
"""Of the destination or its configuration, not of the object: it ends when somebody mends it."""


@dataclass(frozen=True, slots=True)
class Stow:
    """A STOW-RS service."""

    url: str
    """Of its studies, such as ``https://pacs/dicom-web/studies``."""
    authorization: Callable[[], str]
    """Makes the header Authorization, of the files as they are now; empty: there is none."""
    tls: Callable[[], ssl.SSLContext]
    patience: Patience = PATIENCE

    @override
    def __str__(self) -> str:
        return self.url

    @contextmanager
    def linked(self, offers: Collection[Offer]) -> Iterator["StowLine"]:
        """See Target; whether it takes what is offered is only known when that is sent."""
        del offers
        with self._client() as client:
            yield StowLine(client, self.url, self.patience)

    def echo(self) -> None:
        """See Target: any answer that is no failure of the service will do."""
        with self._client() as client:
            asked = client.build_request("GET", self.url, params={"limit": "1"})
            status, _ = _answered(client, asked)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in MENDABLE - {405}:
            raise UnavailableError(f"{self.url} answers HTTP {status}")

    def _client(self) -> httpx.Client:
        try:
            headers = {"Accept": DICOM_JSON}
            if authorization := self.authorization():
                headers["Authorization"] = authorization
            verify = self.tls() if self.url.startswith("https:") else False
        except BadConfigurationError as error:
            raise DestinationError(f"{self.url}: {error}") from error
        timeout = httpx.Timeout(self.patience.dimse_s, connect=self.patience.connect_s)
        return httpx.Client(headers=headers, timeout=timeout, verify=verify, trust_env=False)


@dataclass(slots=True)
class StowLine:
    """A connection to a STOW-RS service; each object is a request of its own."""

    client: httpx.Client
    url: str
    patience: Patience
    alive: bool = True

    def send(self, path: Path) -> str:
        """See Line; what it does not take as it is stored is sent uncompressed."""
        meta = file_meta(path)
        status, answer = self._post(path)
        if _failure(answer, meta) == SYNTAX_NOT_SUPPORTED:
            with TemporaryDirectory(prefix="senoscope-") as folder:
                plain = Path(folder) / path.name
                write_uncompressed(path, plain, UID(ExplicitVRLittleEndian))
                status, answer = self._post(plain)
        try:
            return check_response(status, answer, meta)
        except DestinationError:
            self.alive = False
            raise

    def _post(self, path: Path) -> tuple[int, Mapping[str, Any]]:
        size = path.stat().st_size
        head, tail = _head(), _tail()
        timeout = httpx.Timeout(
            self.patience.dimse_s + size / SLOWEST, connect=self.patience.connect_s
        )
        request = self.client.build_request(
            "POST",
            self.url,
            content=_body(path, head, tail),
            timeout=timeout,
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
                "Content-Length": str(len(head) + size + len(tail)),
            },
        )
        try:
            return _answered(self.client, request)
        except NodeError:
            self.alive = False
            raise


def check_response(status: int, answer: Mapping[str, Any], meta: FileMeta) -> str:
    """Return what the service remarks on an object that it has by now; empty if nothing.

    Raises:
        RefusedError: if it will not have it.
        UnavailableError: if it cannot take it now; DestinationError if that is so of any object.
    """
    if (reason := _failure(answer, meta)) is not None:
        return check_answer(reason)
    if status == httpx.codes.OK:
        return _warning(answer, meta)
    if status == httpx.codes.ACCEPTED:
        return _warning(answer, meta) or "taken with a warning (HTTP 202)"
    told = f"HTTP {status}"
    if status in MENDABLE or httpx.codes.is_redirect(status):
        raise DestinationError(f"the service answers {told}: check its URL and our credentials")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in TRANSIENT:
        raise DestinationError(f"the service cannot take anything now ({told})")
    raise RefusedError(f"the service will not have it ({told})")


def _answered(client: httpx.Client, request: httpx.Request) -> tuple[int, Mapping[str, Any]]:
    """Return the status of the answer, and what it says in DICOM JSON, if it does."""
    try:
        response = client.send(request, stream=True)
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    break
        finally:
            response.close()
    except httpx.TimeoutException as error:
        raise DestinationError(f"{request.url.host} does not answer in time") from error
    except httpx.HTTPError as error:
        raise DestinationError(f"{request.url.host} cannot be reached: {error}") from error
    return response.status_code, _read(bytes(body))


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:  # another type than we asked for: the status must do
        return {}
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else {}


def _failure(answer: Mapping[str, Any], meta: FileMeta) -> int | None:
    """Return why the service did not take the object; None if it does not say that it did not."""
    item = _item_of(answer, FAILED, meta)
    return None if item is None else _number(item, FAILURE_REASON) or 0x0110


def _warning(answer: Mapping[str, Any], meta: FileMeta) -> str:
    item = _item_of(answer, RETRIEVED, meta)
    reason = _number(item, WARNING_REASON) if item is not None else None
    return check_answer(reason) if reason is not None and reason >> 12 == 0xB else ""  # noqa: PLR2004


def _item_of(answer: Mapping[str, Any], sequence: str, meta: FileMeta) -> Mapping[str, Any] | None:
    """Return the item of that sequence on the object: PS3.18 Annex F."""
    for item in _values(answer, sequence):
        if isinstance(item, dict) and meta.sop_instance_uid in _values(item, UID_OF):
            return item
    return None


def _number(item: Mapping[str, Any], tag: str) -> int | None:
    found = _values(item, tag)
    return found[0] if found and isinstance(found[0], int) else None


def _values(item: Mapping[str, Any], tag: str) -> list[Any]:
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def _head() -> bytes:
    return f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()


def _tail() -> bytes:
    return f"\r\n--{BOUNDARY}--\r\n".encode()


def _body(path: Path, head: bytes, tail: bytes) -> Iterator[bytes]:
    """Yield the request piece by piece: the file is never whole in memory."""
    yield head
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
    yield tail
