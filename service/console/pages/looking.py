"""What everybody who is signed in may look at."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.console.access import VIEWER
from service.console.api.node import standing_of
from service.console.desk import Desk
from service.console.parameters import JobId, Uid
from service.console.person import Person
from service.console.story import story_of, work_of
from service.console.there import destinations

Viewer = Annotated[Person, Depends(VIEWER)]
PAGE = 50
Offset = Annotated[int, Query(ge=0, le=10_000)]


def looking_router(desk: Desk) -> APIRouter:
    """Return the addresses of pages that change nothing."""
    router = APIRouter(include_in_schema=False)
    pages = desk.pages

    @router.get("/")
    def overview(request: Request, person: Viewer) -> Response:
        return pages.page(request, "overview", person, node=standing_of(desk))

    @router.get("/studies/{study}")
    def show_study(request: Request, study: Uid, person: Viewer) -> Response:
        return pages.page(request, "study", person, story=story_of(desk.ledger, study))

    @router.get("/jobs/{job_id}")
    def show_job(request: Request, job_id: JobId, person: Viewer) -> Response:
        return pages.page(request, "job", person, work=work_of(desk.ledger, job_id))

    @router.get("/destinations")
    def list_destinations(request: Request, person: Viewer) -> Response:
        error = desk.sources.routes_error()
        found = destinations(desk)
        return pages.page(
            request, "destinations", person, destinations=found, error=error, echoed=None
        )

    @router.get("/models")
    def list_models(request: Request, person: Viewer) -> Response:
        return pages.page(request, "models", person, models=desk.sources.models())

    @router.get("/refusals")
    def list_refusals(request: Request, person: Viewer, offset: Offset = 0) -> Response:
        found = desk.ledger.refusals(offset + PAGE + 1)[offset:]
        return pages.page(request, "refusals", person, found=found, offset=offset, page=PAGE)

    return router
