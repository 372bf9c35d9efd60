"""What people are told by e-mail and webhook."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.console.access import VIEWER
from service.console.desk import Desk
from service.console.person import Person

MOST = 50


def telling_router(desk: Desk) -> APIRouter:
    """Return the address of notifications."""
    router = APIRouter(include_in_schema=False)

    @router.get("/notifications")
    def notifications(request: Request, person: Annotated[Person, Depends(VIEWER)]) -> Response:
        return desk.pages.page(
            request,
            "notifications",
            person,
            open=desk.ledger.tellings(),
            messages=desk.ledger.messages(limit=MOST),
        )

    return router
