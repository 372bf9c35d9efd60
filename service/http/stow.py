"""STOW-RS: objects come in by HTTP, PS3.18 section 10.5."""

import asyncio
from collections.abc import AsyncIterator
from email.message import Message
from http import HTTPStatus
from time import monotonic

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from service.errors import BadObjectError, UnavailableError
from service.http.access import OWN_TOKENS
from service.http.entrance import RETRY_S, Entrance, Places, TurnedAwayError
from service.http.multipart import LONGEST_BOUNDARY
from service.http.stow_answer import answer_of, status_of, told
from service.http.upload import DICOM, Gate, Sender, Upload
from service.intake.statuses import comment_of
from service.ledger.uids import is_uid

STALLED_S = 60.0
"""Longest wait for the next bytes of a body."""
SLOWEST = 10_000
"""Bytes a second that a sender must bring in the long run: one who drips holds a place for ever."""
_PIECE = 1 << 18
"""Bytes that are handed to the disk at a time."""
_COME_BACK = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}


def stow_router(gate: Gate, entrance: Entrance, stalled_s: float = STALLED_S) -> APIRouter:
    """Return the two addresses that objects may be sent to."""
    router = APIRouter(tags=["DICOMweb"], dependencies=[Depends(OWN_TOKENS)])
    places = Places(entrance.most)

    async def stored(request: Request, study: str) -> Response:
        try:
            name = await run_in_threadpool(entrance.admit, *_who(request))
            boundary = boundary_of(request.headers.get("content-type", ""))
            _check_study(study)
            with places.taken():
                await run_in_threadpool(gate.intake.check_room)
                upload = Upload(gate, Sender(name, study), boundary)
                await _fed(upload, request, stalled_s)
        except TurnedAwayError as error:
            return _turned_away(error.status, str(error))
        except UnavailableError as error:
            return _turned_away(HTTPStatus.SERVICE_UNAVAILABLE, comment_of(error))
        return _answered(upload, request.headers.get("accept", ""))

    @router.post("/dicom-web/studies")
    async def store(request: Request) -> Response:
        """Store instances of any study: multipart/related; type="application/dicom"."""
        return await stored(request, "")

    @router.post("/dicom-web/studies/{study}")
    async def store_in_study(request: Request, study: str) -> Response:
        """Store instances of that study."""
        return await stored(request, study)

    return router


def boundary_of(content_type: str) -> str:
    """Return the boundary of a multipart body of DICOM files.

    Raises:
        TurnedAwayError: if it is none, or of something else.
    """
    message = Message()
    message["content-type"] = content_type
    if message.get_content_type() != "multipart/related":
        raise TurnedAwayError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f'send multipart/related; type="{DICOM}"'
        )
    if str(message.get_param("type", DICOM)).lower() != DICOM:
        raise TurnedAwayError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"only parts of {DICOM} are taken")
    boundary = str(message.get_param("boundary", ""))
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise TurnedAwayError(HTTPStatus.BAD_REQUEST, "Content-Type has no boundary (RFC 2046)")
    return boundary


def _check_study(study: str) -> None:
    if study and not is_uid(study):
        raise TurnedAwayError(HTTPStatus.BAD_REQUEST, "the study in the path is no UID")


async def _fed(upload: Upload, request: Request, stalled_s: float) -> None:
    """Feed the body to `upload`; however it ends, nothing is left half written."""
    reason = "a fault of this node"
    try:
        async for piece in _pieces(request, stalled_s):
            await run_in_threadpool(upload.feed, piece)
        await run_in_threadpool(upload.finish)
    except TimeoutError:
        reason = f"nothing came for {stalled_s:g} s, or too little"
        raise TurnedAwayError(HTTPStatus.REQUEST_TIMEOUT, reason) from None
    except ClientDisconnect:
        reason = "the sender went away before the body was whole"
        raise TurnedAwayError(HTTPStatus.BAD_REQUEST, reason) from None
    except BadObjectError as error:
        reason = str(error)
        raise TurnedAwayError(HTTPStatus.BAD_REQUEST, reason) from None
    finally:
        await run_in_threadpool(upload.drop, reason)


async def _pieces(request: Request, stalled_s: float) -> AsyncIterator[bytes]:
    """Yield the body in pieces that are worth a step to the disk."""
    held, total, begun = bytearray(), 0, monotonic()
    chunks = request.stream()
    while True:
        left = begun + stalled_s + total / SLOWEST - monotonic()
        try:
            chunk = await asyncio.wait_for(anext(chunks), min(stalled_s, left))
        except StopAsyncIteration:
            break
        held += chunk
        total += len(chunk)
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _who(request: Request) -> tuple[str, str]:
    address = request.client.host if request.client else ""
    return request.headers.get("authorization", ""), address


def _answered(upload: Upload, accept: str) -> Response:
    if not upload.outcomes:
        return _turned_away(HTTPStatus.BAD_REQUEST, "the body has no part")
    status = status_of(upload.outcomes)
    content, kind = told(answer_of(upload.outcomes), accept)
    return Response(content, status, _headers(status), kind)


def _turned_away(status: HTTPStatus, reason: str) -> Response:
    return JSONResponse({"error": reason}, status, _headers(status))


def _headers(status: HTTPStatus) -> dict[str, str]:
    if status in _COME_BACK:
        return {"Retry-After": str(RETRY_S)}
    return {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
