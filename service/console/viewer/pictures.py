"""A picture as programs draw it: its steps, the tone of each value, and its tiles."""

import asyncio
import gzip
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from service.console.access import VIEWER
from service.console.parameters import Uid
from service.console.person import Person
from service.console.viewer.gallery import Gallery
from service.tiles.packed import Pack
from service.tiles.pyramid import TILE

Viewer = Annotated[Person, Depends(VIEWER)]
Key = Annotated[
    str,
    Path(
        pattern=r"^[0-9.]{1,64}(~[0-9a-f]{1,64})?$",
        description="`shown_as` of an image, or `enlarged` of one that is shown.",
    ),
]
Level = Annotated[int, Path(ge=0, le=16, description="How often the size is halved.")]
Place = Annotated[int, Path(ge=0, le=1 << 16, description="Of a tile, from 0.")]
FAST = 1
"""How hard tiles are packed: what is black costs nothing then, and the rest little time."""


class Values(Response):
    """Numbers, one after the other."""

    media_type = "application/octet-stream"


class Window(BaseModel):
    """What is shown between black and white, in stored values."""

    center: float
    width: float


class Described(BaseModel):
    """What must be known to draw a picture."""

    tile: int
    """Pixels of a side; tiles on the far edges are smaller."""
    sizes: list[tuple[int, int]]
    """Rows and columns by level; level 0 is the whole size."""
    window: Window
    """That it came with."""


def add_pictures(router: APIRouter, gallery: Gallery) -> None:
    """Give `router` the addresses of pictures, below a study."""

    async def opened(person: Person, study: str, key: str) -> Pack:
        """Return that picture; who waits for it holds no thread meanwhile."""
        spot = await run_in_threadpool(gallery.spot_for, person, study, key)
        known = gallery.album.known(spot.name)
        if known is not None:
            return known
        return await asyncio.wrap_future(gallery.look(spot))

    @router.get("/studies/{study}/pictures/{image}")
    async def describe_picture(study: Uid, image: Key, person: Viewer) -> Described:
        """Tell the steps of a picture, halved in size each, and the window that it came with."""
        return described(await opened(person, study, image))

    @router.get("/studies/{study}/pictures/{image}/tones", response_class=Values)
    async def tones(request: Request, study: Uid, image: Key, person: Viewer) -> Values:
        """Return how each value is shown, as the image says: a byte each, 0 black, 255 white."""
        pack = await opened(person, study, image)
        return await run_in_threadpool(lambda: _packed(request, pack.tones()))

    @router.get("/studies/{study}/pictures/{image}/{level}/{column}/{row}", response_class=Values)
    async def tile(  # noqa: PLR0913, PLR0917 - what the address says
        request: Request,
        study: Uid,
        image: Key,
        level: Level,
        column: Place,
        row: Place,
        person: Viewer,
    ) -> Values:
        """Return a tile: row by row, two bytes a value, the lower one first; higher is brighter."""
        pack = await opened(person, study, image)
        if not pack.told.grid.holds(level, column, row):
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such tile")
        return await run_in_threadpool(lambda: _packed(request, pack.tile(level, column, row)))


def described(pack: Pack) -> Described:
    """Return what must be known to draw `pack`."""
    told = pack.told
    sizes = [told.grid.size(level) for level in range(told.grid.levels)]
    return Described(tile=TILE, sizes=sizes, window=Window(center=told.center, width=told.width))


def _packed(request: Request, content: bytes) -> Values:
    """Return `content`, packed for who can unpack it."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Values(content)
    packed = gzip.compress(content, FAST, mtime=0)
    return Values(packed, headers={"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
