"""A draft of the routes: written, tried, and put into force, by administrators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.console.access import ADMIN, form
from service.console.desk import Desk
from service.console.pages.acting import back
from service.console.parameters import checked_calling, checked_digest, checked_study
from service.console.person import Person
from service.console.routes_changing import apply
from service.console.routes_desk import checked_text, digest_of
from service.console.routes_history import difference
from service.console.routes_trying import (
    MOST_STUDIES,
    Tried,
    judge_of,
    look_back,
    try_file,
    try_study,
)
from service.errors import RefusedError
from service.ledger.routes_drafts import RoutesDraft

Admin = Annotated[Person, Depends(ADMIN)]
Form = Annotated[Mapping[str, str], Depends(form)]
Calling = Annotated[str, Query(max_length=16)]


@dataclass(frozen=True)
class Drafts:
    """The drafts of all administrators, each with a page of its own."""

    desk: Desk

    def of(self, person: Person) -> RoutesDraft:
        """Return the draft of `person`: where there is none, what is on the disk."""
        found = self.desk.ledger.routes_draft(person.name)
        if found is not None:
            return found
        text = self.desk.routes.on_disk()
        return RoutesDraft(person.name, text, digest_of(text), self.desk.now())

    def saved(self, person: Person, given: Mapping[str, str]) -> RoutesDraft:
        """Keep what a form brings along, and return the draft as it is now.

        Raises:
            RefusedError: if it is no text, or too long.
        """
        known = self.desk.ledger.routes_draft(person.name)
        if "text" not in given:
            return known or self.of(person)
        text = checked_text(given["text"])
        base = known.base if known is not None else checked_digest(given.get("base", ""))
        draft = RoutesDraft(person.name, text, base, self.desk.now())
        self.desk.ledger.keep_routes_draft(draft)
        return draft

    def page(self, request: Request, person: Person, error: str = "") -> Response:
        """Return the page of the draft; it tells above itself what could not be done."""
        draft, disk = self.of(person), self.desk.routes.on_disk()
        name = self.desk.routes.path.name
        return self.desk.pages.page(
            request,
            "routes-draft",
            person,
            HTTPStatus.CONFLICT if error else HTTPStatus.OK,
            draft=draft,
            disk=digest_of(disk),
            findings=self.desk.routes.findings(draft.text),
            differs=difference(disk, draft.text, (name, "draft")),
            error=error,
            file=name,
        )


def drafting_router(desk: Desk) -> APIRouter:
    """Return the addresses of drafts."""
    router = APIRouter(include_in_schema=False)
    drafts = Drafts(desk)
    _add_writing(router, drafts)
    _add_ending(router, drafts)
    _add_trying(router, drafts)
    _add_replaying(router, drafts)
    return router


def _add_writing(router: APIRouter, drafts: Drafts) -> None:
    ledger = drafts.desk.ledger

    @router.get("/routes/draft")
    def show_draft(request: Request, person: Admin) -> Response:
        return drafts.page(request, person)

    @router.post("/routes/draft")
    def save_draft(request: Request, person: Admin, given: Form) -> Response:
        try:
            drafts.saved(person, given)
        except RefusedError as error:
            return drafts.page(request, person, str(error))
        return drafts.page(request, person)

    @router.post("/routes/draft/rebase")
    def rebase(person: Admin) -> Response:
        base = digest_of(drafts.desk.routes.on_disk())
        ledger.keep_routes_draft(replace(drafts.of(person), base=base))
        return back("/routes/draft", "draft-rebased")


def _add_ending(router: APIRouter, drafts: Drafts) -> None:
    ledger = drafts.desk.ledger

    @router.post("/routes/draft/discard")
    def discard(person: Admin) -> Response:
        ledger.drop_routes_draft(person.name)
        return back("/routes/draft", "draft-discarded")

    @router.post("/routes/draft/apply")
    def apply_draft(request: Request, person: Admin, given: Form) -> Response:
        try:
            draft = drafts.saved(person, given)
            apply(drafts.desk, person, draft.text, draft.base)
        except RefusedError as error:
            return drafts.page(request, person, str(error))
        ledger.drop_routes_draft(person.name)
        return back("/routes", "routes-applied")


def _add_trying(router: APIRouter, drafts: Drafts) -> None:
    desk = drafts.desk

    def told(request: Request, person: Person, tried: Sequence[Tried], error: str = "") -> Response:
        return desk.pages.page(request, "routes-tried", person, tried=tried, error=error)

    @router.post("/routes/draft/try")
    def by_study(request: Request, person: Admin, given: Form) -> Response:
        try:
            judge = judge_of(desk, drafts.saved(person, given).text)
            study, calling = checked_study(given), checked_calling(given.get("calling", ""))
            tried = try_study(desk, judge, study, calling)
        except RefusedError as error:
            return told(request, person, (), str(error))
        return told(request, person, tried)

    @router.post("/routes/draft/try/file")
    async def by_file(request: Request, person: Admin, calling: Calling = "") -> Response:
        beginning = await request.body()
        return await run_in_threadpool(_tried_file, request, person, beginning, calling)

    def _tried_file(request: Request, person: Person, beginning: bytes, calling: str) -> Response:
        try:
            judge = judge_of(desk, drafts.of(person).text)
            tried = try_file(desk, judge, beginning, checked_calling(calling))
        except RefusedError as error:
            return told(request, person, (), str(error))
        return told(request, person, tried)


def _add_replaying(router: APIRouter, drafts: Drafts) -> None:
    desk = drafts.desk

    @router.post("/routes/draft/replay")
    def replay(request: Request, person: Admin, given: Form) -> Response:
        try:
            judge = judge_of(desk, drafts.saved(person, given).text)
        except RefusedError as error:
            return desk.pages.page(request, "routes-replayed", person, found=None, error=str(error))
        found = look_back(desk, judge, MOST_STUDIES)
        return desk.pages.page(request, "routes-replayed", person, found=found, error="")
