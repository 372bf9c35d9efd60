"""Buttons: each is a form that does something, and leads back to where it is seen."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from service.checks import Check
from service.console.access import OPERATOR, form
from service.console.desk import Desk
from service.console.parameters import JobId, There, Uid, checked_name
from service.console.person import Person
from service.console.sample import send_sample
from service.console.there import destinations, echo

Operator = Annotated[Person, Depends(OPERATOR)]
Form = Annotated[Mapping[str, str], Depends(form)]


def acting_router(desk: Desk) -> APIRouter:
    """Return the addresses of what operators do."""
    router = APIRouter(include_in_schema=False)
    deeds = desk.deeds

    @router.post("/jobs/{job_id}/retry")
    def retry_job(job_id: JobId, person: Operator) -> Response:
        deeds.retry_job(person, job_id)
        return back(f"/jobs/{job_id}", "retried")

    @router.post("/jobs/{job_id}/cancel")
    def cancel_job(job_id: JobId, person: Operator) -> Response:
        deeds.cancel_job(person, job_id)
        return back(f"/jobs/{job_id}", "cancelled")

    @router.post("/studies/{study}/complete")
    def complete(study: Uid, person: Operator) -> Response:
        deeds.complete_study(person, study)
        return back(f"/studies/{study}", "completed")

    @router.post("/studies/{study}/reprocess")
    def reprocess(study: Uid, person: Operator) -> Response:
        deeds.reprocess_study(person, study)
        return back(f"/studies/{study}", "reprocessed")

    @router.post("/studies/{study}/resend")
    def resend(study: Uid, person: Operator, given: Form) -> Response:
        deeds.resend_study(person, study, checked_name(given.get("destination", "")))
        return back(f"/studies/{study}", "resent")

    @router.post("/deliveries/retry")
    def retry_deliveries(person: Operator, given: Form) -> Response:
        study, destination = (
            checked_name(given[name]) if given.get(name) else None
            for name in ("study", "destination")
        )
        deeds.retry_deliveries(person, destination, study)
        return back(f"/studies/{study}" if study else "/deliveries", "owed")

    _add_destinations(router, desk)
    return router


def _add_destinations(router: APIRouter, desk: Desk) -> None:
    @router.post("/destinations/{name}/echo")
    def echo_destination(request: Request, name: There, person: Operator) -> Response:
        return answered(request, person, echo(desk, person, name))

    @router.post("/destinations/{name}/test")
    def test_destination(request: Request, name: There, person: Operator) -> Response:
        return answered(request, person, send_sample(desk, person, name))

    def answered(request: Request, person: Person, found: Check) -> Response:
        return desk.pages.page(
            request,
            "destinations",
            person,
            destinations=destinations(desk),
            error=desk.sources.routes_error(),
            echoed=found,
        )


def back(address: str, did: str) -> Response:
    """Return the browser to `address`, which says what was done."""
    return RedirectResponse(f"{address}?did={did}", HTTPStatus.SEE_OTHER)
