"""`/api/v1/studies/{study}/images` and `/pictures`: what the viewer shows, for programs."""

from fastapi import APIRouter

from service.console.parameters import Uid
from service.console.viewer.exhibit import Exhibit
from service.console.viewer.gallery import Gallery
from service.console.viewer.pictures import Key, Viewer, add_pictures


def images_router(gallery: Gallery) -> APIRouter:
    """Return the addresses of images and their pictures."""
    router = APIRouter(tags=["images"])

    @router.get("/studies/{study}/images/{image}")
    def show_image(study: Uid, image: Key, person: Viewer) -> Exhibit:
        """Tell what was found on an image, where, and which picture it was enlarged to."""
        return gallery.enter(person, study, image)

    add_pictures(router, gallery)
    return router
