"""`/api/v1/studies`: what came in, what became of it, and what to do about it."""

from typing import Annotated

from fastapi import APIRouter, Depends

from service.console.access import OPERATOR, VIEWER
from service.console.desk import Desk
from service.console.parameters import Count, Page, Resend, Searched, Uid
from service.console.person import Person
from service.console.story import Story, story_of
from service.ledger.standing import Standing, StudyState


def studies_router(desk: Desk) -> APIRouter:
    """Return the addresses of studies."""
    router = APIRouter(prefix="/studies", tags=["studies"])

    @router.get("", dependencies=[Depends(VIEWER)])
    def list_studies(asked: Searched, state: StudyState | None = None) -> Page[Standing]:
        """List studies, the one that received an image last first."""
        return asked.page(desk.ledger.found_studies(asked.search(state)))

    @router.get("/{study}", dependencies=[Depends(VIEWER)])
    def show_study(study: Uid) -> Story:
        """Tell all that is known of a study: images, decisions, jobs, results, deliveries."""
        return story_of(desk.ledger, study)

    @router.post("/{study}/complete", status_code=202)
    def complete_study(study: Uid, person: Annotated[Person, Depends(OPERATOR)]) -> None:
        """Judge a study now, whatever is still expected of it."""
        desk.deeds.complete_study(person, study)

    @router.post("/{study}/reprocess", status_code=202)
    def reprocess_study(study: Uid, person: Annotated[Person, Depends(OPERATOR)]) -> None:
        """Judge a study by today's routes and process it again; results keep their UIDs."""
        desk.deeds.reprocess_study(person, study)

    @router.post("/{study}/resend", status_code=202)
    def resend_study(study: Uid, to: Resend, person: Annotated[Person, Depends(OPERATOR)]) -> Count:
        """Send a destination again what it was sent of a study."""
        return Count(count=desk.deeds.resend_study(person, study, to.destination))

    return router
