"""Lists that are searched: studies, jobs, deliveries, the audit trail."""

from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from service.console.access import ADMIN, VIEWER
from service.console.desk import Desk
from service.console.parameters import PRINTABLE, Text
from service.console.person import Person
from service.console.words import delivery_story, job_story
from service.ledger.records import DeliveryState, JobState
from service.ledger.standing import Search, StudyState

Viewer = Annotated[Person, Depends(VIEWER)]
PAGE = 50
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Word = Annotated[str, Query(max_length=64, pattern=PRINTABLE)]
S = TypeVar("S", bound=StrEnum)


def searching_router(desk: Desk) -> APIRouter:
    """Return the addresses of lists."""
    router = APIRouter(include_in_schema=False)
    ledger, pages = desk.ledger, desk.pages

    @router.get("/studies")
    def studies(
        request: Request, person: Viewer, text: Text = "", state: Word = "", offset: Offset = 0
    ) -> Response:
        search = _search(text, chosen(StudyState, state), offset)
        found = ledger.found_studies(search)
        return pages.page(
            request, "studies", person, found=found, search=search, states=list(StudyState)
        )

    @router.get("/jobs")
    def jobs(
        request: Request, person: Viewer, text: Text = "", state: Word = "", offset: Offset = 0
    ) -> Response:
        search = _search(text, chosen(JobState, state), offset)
        found = [(job, job_story(job)) for job in ledger.found_jobs(search)]
        return pages.page(
            request, "jobs", person, found=found, search=search, states=list(JobState)
        )

    @router.get("/deliveries")
    def deliveries(
        request: Request,
        person: Viewer,
        text: Text = "",
        state: Word = "",
        destination: Word = "",
        offset: Offset = 0,
    ) -> Response:
        search = _search(text, chosen(DeliveryState, state), offset, destination or None)
        found = [
            (study, each, delivery_story(each)) for study, each in ledger.found_deliveries(search)
        ]
        names = sorted({*desk.sources.destinations(), destination} - {""})
        return pages.page(
            request,
            "deliveries",
            person,
            found=found,
            search=search,
            states=list(DeliveryState),
            names=names,
        )

    @router.get("/audit")
    def audit(
        request: Request,
        person: Annotated[Person, Depends(ADMIN)],
        who: Word = "",
        action: Word = "",
        offset: Offset = 0,
    ) -> Response:
        found = ledger.audit(who or None, action or None, PAGE + 1, offset)
        search = _search("", None, offset)
        return pages.page(
            request, "audit", person, found=found, who=who, action=action, search=search
        )

    return router


def chosen(states: type[S], word: str) -> S | None:
    """Return the state of that name, None for any, and for a word that is none."""
    return states(word) if word in set(states) else None


def _search(
    text: str, state: StrEnum | None, offset: int, destination: str | None = None
) -> Search:
    """Return what is searched for: one more than a page shows, to know whether there is more."""
    return Search(text.strip(), state, None, destination, PAGE + 1, offset)
