"""The addresses of the viewer: its page, and the tiles that it draws."""

import asyncio
import gzip
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from service.console.access import VIEWER
from service.console.parameters import Uid
from service.console.person import Person
from service.console.render import Pages
from service.console.viewer.gallery import Gallery
from service.tiles.packed import Pack, described

Viewer = Annotated[Person, Depends(VIEWER)]
Key = Annotated[str, Path(pattern=r"^[0-9.]{1,64}(~[0-9a-f]{1,64})?$")]
Level = Annotated[int, Path(ge=0, le=16)]
Place = Annotated[int, Path(ge=0, le=1 << 16)]
BYTES = "application/octet-stream"
FAST = 1
"""How hard tiles are packed: what is black costs nothing then, and the rest little time."""


def viewer_router(pages: Pages, gallery: Gallery) -> APIRouter:
    """Return the viewer's addresses."""
    router = APIRouter(include_in_schema=False)

    async def opened(person: Person, study: str, key: str) -> Pack:
        """Return that picture; who waits for it holds no thread meanwhile."""
        spot = await run_in_threadpool(gallery.spot_for, person, study, key)
        known = gallery.album.known(spot.name)
        if known is not None:
            return known
        return await asyncio.wrap_future(gallery.look(spot))

    @router.get("/studies/{study}/images/{image}")
    def show_image(request: Request, study: Uid, image: Key, person: Viewer) -> Response:
        return pages.page(request, "image", person, exhibit=gallery.enter(person, study, image))

    @router.get("/studies/{study}/pictures/{image}")
    async def describe(study: Uid, image: Key, person: Viewer) -> Mapping[str, object]:
        return described((await opened(person, study, image)).told)

    @router.get("/studies/{study}/pictures/{image}/tones")
    async def tones(request: Request, study: Uid, image: Key, person: Viewer) -> Response:
        pack = await opened(person, study, image)
        return await run_in_threadpool(lambda: _packed(request, pack.tones()))

    @router.get("/studies/{study}/pictures/{image}/{level}/{column}/{row}")
    async def tile(  # noqa: PLR0913, PLR0917 - what the address says
        request: Request,
        study: Uid,
        image: Key,
        level: Level,
        column: Place,
        row: Place,
        person: Viewer,
    ) -> Response:
        pack = await opened(person, study, image)
        if not pack.told.grid.holds(level, column, row):
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such tile")
        return await run_in_threadpool(lambda: _packed(request, pack.tile(level, column, row)))

    return router


def _packed(request: Request, content: bytes) -> Response:
    """Return `content`, packed for who can unpack it."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(content, media_type=BYTES)
    packed = gzip.compress(content, FAST, mtime=0)
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(packed, headers=headers, media_type=BYTES)
