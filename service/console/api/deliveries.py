"""`/api/v1/deliveries` and `/api/v1/destinations`: what goes out, and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends

from service.checks import Check
from service.console.access import OPERATOR, VIEWER
from service.console.desk import Desk
from service.console.parameters import Count, Named, Page, Searched, There, Which
from service.console.person import Person
from service.console.sample import send_sample
from service.console.there import Destination, destinations, echo
from service.console.words import delivery_story
from service.ledger.records import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery, of which study it is, and how it stands in plain words."""

    study_instance_uid: str
    delivery: Delivery
    story: str


def deliveries_router(desk: Desk) -> APIRouter:
    """Return the addresses of deliveries."""
    router = APIRouter(prefix="/deliveries", tags=["deliveries"])

    @router.get("", dependencies=[Depends(VIEWER)])
    def list_deliveries(
        asked: Searched, state: DeliveryState | None = None, destination: Named = None
    ) -> Page[Sent]:
        """List deliveries, newest first, with what the destinations answered."""
        search = asked.search(state, destination)
        found = [
            Sent(study, each, delivery_story(each))
            for study, each in desk.ledger.found_deliveries(search)
        ]
        return asked.page(found)

    @router.post("/retry", status_code=202)
    def retry_deliveries(which: Which, person: Annotated[Person, Depends(OPERATOR)]) -> Count:
        """Send parked and postponed deliveries again now."""
        count = desk.deeds.retry_deliveries(person, which.destination, which.study)
        return Count(count=count)

    return router


def destinations_router(desk: Desk) -> APIRouter:
    """Return the addresses of destinations."""
    router = APIRouter(prefix="/destinations", tags=["destinations"])

    @router.get("", dependencies=[Depends(VIEWER)])
    def list_destinations() -> Sequence[Destination]:
        """List the destinations, what waits for each, and why."""
        return destinations(desk)

    @router.post("/{name}/echo")
    def echo_destination(name: There, person: Annotated[Person, Depends(OPERATOR)]) -> Check:
        """Ask a destination whether it is there: C-ECHO, or a question to its web service."""
        return echo(desk, person, name)

    @router.post("/{name}/test")
    def test_destination(name: There, person: Annotated[Person, Depends(OPERATOR)]) -> Check:
        """Send a destination a small test picture of nobody, and tell what it answered."""
        return send_sample(desk, person, name)

    return router
