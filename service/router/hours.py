"""When a route may begin its work: pure questions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
A_WEEK = 8
"""Days ahead of which one is sure to be open."""
OUTSIDE = "outside the hours of its route"
"""How the reason begins for which a job waits that is not to run now."""


@dataclass(frozen=True, slots=True)
class Span:
    """From a time of the day to another, of the next day if that is not later."""

    begin: time
    end: time


@dataclass(frozen=True, slots=True)
class Hours:
    """When work may be begun; always, where there are no spans."""

    spans: tuple[Span, ...] = ()
    days: tuple[Day, ...] = DAYS
    """On which a span may begin."""
    zone: ZoneInfo | None = None
    """Of the times; None: the system's."""

    def opens(self, now: datetime) -> datetime:
        """Return `now` if work may be begun, else when next."""
        if not self.spans:
            return now
        begins = [max(begin, now) for begin, end in self._spans_about(now) if end > now]
        return min(begins)

    def _spans_about(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        today = now.astimezone(self.zone).date()
        for number in range(-1, A_WEEK):
            day = today + timedelta(days=number)
            if DAYS[day.weekday()] not in self.days:
                continue
            for span in self.spans:
                last = day if span.end > span.begin else day + timedelta(days=1)
                begin, end = (
                    self._moment(datetime.combine(day, span.begin)),
                    self._moment(datetime.combine(last, span.end)),
                )
                yield begin, end

    def _moment(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone).astimezone(UTC)


def span_of(text: str) -> Span:
    """Return the span that is written so, such as ``19:00-06:00``.

    Raises:
        ValueError: if it is written otherwise, or lasts no time.
    """
    found = SPAN.fullmatch(text)
    if found is None or (found[3] == "24" and found[4] != "00") or found[0][:5] == found[0][6:]:
        raise ValueError(f"{text!r} is no span of time: write it such as '19:00-06:00'")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    return Span(time(hour, minute), time(end_hour % 24, end_minute))


def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone of that name, such as ``Europe/Berlin``; None, the system's, for none.

    Raises:
        ValueError: if there is none.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {name!r}: write it such as 'Europe/Berlin'"
        ) from None


def hours_of(spans: Sequence[str], days: Sequence[Day], zone: str) -> Hours:
    """Return the hours that are written so.

    Raises:
        ValueError: if something of it is wrong.
    """
    return Hours(tuple(map(span_of, spans)), tuple(days) or DAYS, zone_of(zone))


def why_waits(until: datetime, zone: ZoneInfo | None) -> str:
    """Return in words why a job does not run before `until`."""
    return f"{OUTSIDE}: not before {until.astimezone(zone):%Y-%m-%d %H:%M}"
