"""How much of what comes a route takes, and when: pure questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.ledger.records import Instance
from service.router.hours import why_waits
from service.router.routes import Route
from service.router.rules import Limits

OVER = "over the limits of its route"
HOUR = timedelta(hours=1)
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Begin:
    """When the work on a study may begin, and why not at once."""

    run_at: datetime
    waits: str = ""


def over(limits: Limits, taken: Sequence[Instance]) -> str:
    """Return why a route takes nothing of a study of which it would take `taken`, if so."""
    images, mb = len(taken), sum(one.size for one in taken) / MB
    if limits.images is not None and images > limits.images:
        return f"{OVER}: {images} images of its study, at most {limits.images}"
    if limits.mb is not None and mb > limits.mb:
        return f"{OVER}: {mb:.0f} MB of its study, at most {limits.mb:g}"
    return ""


def begin(route: Route, begun: Sequence[datetime], now: datetime) -> Begin:
    """Return when the work on one more study begins; `begun` are the others', in their order.

    Those that began more than an hour ago do not matter.
    """
    hours, most = route.open_hours, route.limits.studies_per_hour
    first = now
    if most is not None and len(begun) >= most:
        first = max(now, begun[-most] + HOUR)
    run_at = hours.opens(first)
    if run_at > first:
        return Begin(run_at, why_waits(run_at, hours.zone))
    told = f"{most} studies an hour are begun at most on its route" if first > now else ""
    return Begin(run_at, told)
