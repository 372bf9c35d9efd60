"""`/api/v1`: the node itself: overview, workers, models, refusals, notifications."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from service.checks import Check
from service.console.access import VIEWER
from service.console.desk import Desk
from service.console.parameters import Limit, Page, page_of
from service.console.shelf import Figures
from service.ledger.notifying import Message, Telling
from service.ledger.records import Refusal, WorkerPresence
from service.ledger.standing import Overview


class Standing(BaseModel):
    """How the node stands."""

    ready: bool
    checks: Sequence[Check]
    free_bytes: int
    counts: Overview
    workers: Sequence[WorkerPresence]


class Told(BaseModel):
    """What people are told by e-mail and webhook."""

    open: Sequence[Telling]
    messages: Sequence[Message]


def node_router(desk: Desk) -> APIRouter:
    """Return the addresses of what there is once."""
    router = APIRouter(tags=["node"], dependencies=[Depends(VIEWER)])

    @router.get("/overview")
    def overview() -> Standing:
        """Count studies, jobs and deliveries by state and by hour; say what is amiss."""
        return standing_of(desk)

    @router.get("/workers")
    def workers() -> Sequence[WorkerPresence]:
        """List the workers seen alive in the last half minute, with the engines they have open."""
        return desk.ledger.workers()

    @router.get("/models")
    def models() -> Sequence[Figures]:
        """List the models on the shelf, what was measured of each, and how it fared here."""
        return desk.sources.models()

    @router.get("/refusals")
    def refusals(
        limit: Limit = 50, offset: Annotated[int, Query(ge=0, le=10_000)] = 0
    ) -> Page[Refusal]:
        """List objects and associations that were not taken, and why, newest first."""
        return page_of(desk.ledger.refusals(offset + limit + 1)[offset:], limit)

    @router.get("/notifications")
    def notifications(limit: Limit = 50) -> Told:
        """Tell what is wrong as each channel knows it, and what people were told, newest first."""
        return Told(open=desk.ledger.tellings(), messages=desk.ledger.messages(limit=limit))

    return router


def standing_of(desk: Desk) -> Standing:
    """Return how the node stands now."""
    checks = desk.sources.checks()
    return Standing(
        ready=all(check.ok for check in checks),
        checks=checks,
        free_bytes=desk.sources.free_bytes(),
        counts=desk.sources.overview(),
        workers=desk.ledger.workers(),
    )
