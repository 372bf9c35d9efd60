"""The routes in force, those of before, and what they make of an image: for everybody."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.console.access import ADMIN, VIEWER, form
from service.console.desk import Desk
from service.console.pages.acting import back
from service.console.parameters import Against, RoutesNumber, checked_calling, checked_study
from service.console.person import Person
from service.console.routes_changing import restore
from service.console.routes_desk import digest_of
from service.console.routes_history import difference, version_in_force, versions
from service.console.routes_trying import Tried, judge_of, try_file, try_study
from service.errors import RefusedError

Viewer = Annotated[Person, Depends(VIEWER)]
Admin = Annotated[Person, Depends(ADMIN)]
Form = Annotated[Mapping[str, str], Depends(form)]
Calling = Annotated[str, Query(max_length=16)]


def routes_router(desk: Desk) -> APIRouter:
    """Return the addresses of routes that change nothing, and of what brings a version back."""
    router = APIRouter(include_in_schema=False)
    _add_looking(router, desk)
    _add_trying(router, desk)
    _add_versions(router, desk)
    return router


def _add_looking(router: APIRouter, desk: Desk) -> None:
    @router.get("/routes")
    def routes(request: Request, person: Viewer) -> Response:
        found = desk.sources.routes()
        return desk.pages.page(
            request,
            "routes",
            person,
            routes=found,
            text=found.text,
            number=version_in_force(desk),
            versions=versions(desk),
            error=desk.sources.routes_error(),
            file=desk.routes.path.name,
        )


def _add_trying(router: APIRouter, desk: Desk) -> None:
    def told(request: Request, person: Person, tried: Sequence[Tried], error: str = "") -> Response:
        return desk.pages.page(request, "routes-tried", person, tried=tried, error=error)

    @router.post("/routes/try")
    def by_study(request: Request, person: Viewer, given: Form) -> Response:
        try:
            study, calling = checked_study(given), checked_calling(given.get("calling", ""))
            tried = try_study(desk, judge_of(desk, None), study, calling)
        except RefusedError as error:
            return told(request, person, (), str(error))
        return told(request, person, tried)

    @router.post("/routes/try/file")
    async def by_file(request: Request, person: Viewer, calling: Calling = "") -> Response:
        beginning = await request.body()
        return await run_in_threadpool(_tried_file, request, person, beginning, calling)

    def _tried_file(request: Request, person: Person, beginning: bytes, calling: str) -> Response:
        try:
            asked = checked_calling(calling)
            tried = try_file(desk, judge_of(desk, None), beginning, asked)
        except RefusedError as error:
            return told(request, person, (), str(error))
        return told(request, person, tried)


def _add_versions(router: APIRouter, desk: Desk) -> None:
    @router.get("/routes/versions/{number}")
    def show_version(
        request: Request,
        number: RoutesNumber,
        person: Viewer,
        against: Against = 0,
    ) -> Response:
        found = desk.ledger.routes_version(number)
        other = desk.ledger.routes_version(against).text if against else desk.routes.on_disk()
        name = f"version {against}" if against else desk.routes.path.name
        return desk.pages.page(
            request,
            "routes-version",
            person,
            one=found,
            against=against,
            other=name,
            differs=difference(found.text, other, (f"version {number}", name)),
            versions=versions(desk),
            disk=digest_of(desk.routes.on_disk()),
            file=desk.routes.path.name,
        )

    @router.post("/routes/versions/{number}/restore")
    def restore_version(number: RoutesNumber, person: Admin, given: Form) -> Response:
        restore(desk, person, number, given.get("replaces", ""))
        return back("/routes", "routes-restored")
