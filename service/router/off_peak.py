"""Jobs that wait for the hours of their routes."""

from collections.abc import Iterable
from datetime import datetime

from service.ledger.waiting import Waiting
from service.router.hours import OUTSIDE, why_waits
from service.router.routes import Route


def keep_hours(ledger: Waiting, routes: Iterable[Route], now: datetime) -> None:
    """Let jobs of routes that are closed now wait, and those that wait for no reason any more run.

    Routes change while jobs wait, and a job that was put off may come due after hours.

    Raises:
        UnavailableError: if the ledger is.
    """
    shut: list[str] = []
    for route in routes:
        hours = route.open_hours
        until = hours.opens(now)
        if until > now:
            shut.append(route.name)
            ledger.defer(route.name, until, why_waits(until, hours.zone))
    ledger.release(OUTSIDE, shut)
