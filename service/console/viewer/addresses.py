"""The viewer: a page for one image, and the pictures that it draws."""

from fastapi import APIRouter, Request, Response

from service.console.parameters import Uid
from service.console.render import Pages
from service.console.viewer.gallery import Gallery
from service.console.viewer.pictures import Key, Viewer, add_pictures


def viewer_router(pages: Pages, gallery: Gallery) -> APIRouter:
    """Return the viewer's addresses."""
    router = APIRouter(include_in_schema=False)

    @router.get("/studies/{study}/images/{image}")
    def show_image(request: Request, study: Uid, image: Key, person: Viewer) -> Response:
        return pages.page(request, "image", person, exhibit=gallery.enter(person, study, image))

    add_pictures(router, gallery)
    return router
