"""The console and the API, added to the node's HTTP application."""

from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Depends, FastAPI, Response
from starlette.exceptions import HTTPException

from service.console.api.routing import api_router
from service.console.describing import describing_router
from service.console.desk import Desk
from service.console.guard import Guard
from service.console.pages.acting import acting_router
from service.console.pages.drafting import drafting_router
from service.console.pages.elsewhere import elsewhere_router
from service.console.pages.entering import entering_router
from service.console.pages.looking import looking_router
from service.console.pages.people import people_router
from service.console.pages.routes import routes_router
from service.console.pages.searching import searching_router
from service.console.pages.telling import telling_router
from service.console.problems import tell_problems
from service.console.render import HERE
from service.console.viewer.addresses import viewer_router
from service.console.viewer.exhibit import Exhibits
from service.console.viewer.gallery import Gallery
from service.http.access import OPEN
from service.tiles.pyramid import STATIC

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOLDERS = (HERE / "static", HERE / "viewer" / "static", STATIC)
PAGES = (
    looking_router,
    searching_router,
    acting_router,
    people_router,
    routes_router,
    drafting_router,
    telling_router,
)


def add_console(app: FastAPI, desk: Desk) -> FastAPI:
    """Return `app` with the console on it; whatever it answers bears the guard's headers."""
    app.state.door = desk.door
    app.add_middleware(Guard)
    tell_problems(app, desk.pages)
    app.include_router(static_router())
    app.include_router(entering_router(desk))
    app.include_router(elsewhere_router(desk))
    gallery = gallery_of(desk)
    app.include_router(api_router(desk, gallery))
    for pages in PAGES:
        app.include_router(pages(desk))
    app.include_router(viewer_router(desk.pages, gallery))
    app.include_router(describing_router(app, desk.pages))
    return app


def gallery_of(desk: Desk) -> Gallery:
    """Return the pictures that the viewer shows."""
    images = desk.images
    exhibits = Exhibits(desk.ledger, images.received, images.results)
    looks = replace(desk.deeds, ledger=desk.ledger)  # who looks can look again
    return Gallery(exhibits, images.album, looks, desk.now)


def static_router() -> APIRouter:
    """Return the address of style sheets and scripts: all come with the node."""
    router = APIRouter(include_in_schema=False)
    files = {
        path.name: path.read_bytes()
        for folder in FOLDERS
        for path in folder.iterdir()
        if path.suffix in KINDS
    }

    @router.get("/static/{name}", dependencies=[Depends(OPEN)])
    def static(name: str) -> Response:
        if name not in files:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such file")
        kind = KINDS[name[name.rindex(".") :]]
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(files[name], headers=headers, media_type=kind)

    return router
