"""From what goes wrong and what was told to what is to be told now: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from service.ledger.notifying import Message, News, Point, Severity, Telling
from service.notify.troubles import Trouble

HOUR = timedelta(hours=1)
RAREST = timedelta(days=7)
"""What lasts for long is told again less and less often, but this often."""
MOST_POINTS = 40
"""Of one message; the rest comes with the next."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How often people are told."""

    gather: timedelta
    """What comes within it is told together."""
    more_after: timedelta
    """When more of a trouble comes, it is told so long after the last time."""
    again_after: timedelta
    """What goes on is told again after it, then after twice as long, and so on; 0: never."""
    over_after: timedelta
    """What is gone for so long is over."""
    per_hour: int
    """Messages of a channel at most; what is more is told by the next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one channel is to tell, and what is known by it afterwards."""

    changed: tuple[Telling, ...]
    forgotten: tuple[Telling, ...]
    message: Message | None


@dataclass(frozen=True, slots=True)
class Known:
    """A channel: what it told so far."""

    node: str
    channel: str
    tellings: Sequence[Telling]
    messages: Sequence[Message]
    """The newest first; those of the last hour, or more."""

    def may_send(self, rules: Rules, now: datetime) -> bool:
        """Return whether another message may be made: not while one waits, nor too often."""
        lately = [one for one in self.messages if now - HOUR < one.made_at <= now]
        return len(lately) < rules.per_hour and all(one.sent_at for one in self.messages)


@dataclass(frozen=True, slots=True)
class _Step:
    """A telling as it is now, and what there is to say of it, if anything."""

    before: Telling | None
    now: Telling
    point: Point | None = None
    ends: bool = False
    """It is forgotten (once what there is to say is said)."""


def plan(known: Known, found: Sequence[Trouble], rules: Rules, now: datetime) -> Plan:
    """Return what is to be told of `found`, and of what is over, by that channel now."""
    before = {one.key: one for one in known.tellings}
    there = {trouble.key for trouble in found}
    steps = [
        _seen(known.channel, trouble, before.get(trouble.key), rules, now) for trouble in found
    ]
    steps += [_gone(one, rules, now) for one in known.tellings if one.key not in there]
    told = [one for one in steps if one.point][:MOST_POINTS] if known.may_send(rules, now) else []
    left = [one for one in steps if one not in told]
    return Plan(
        changed=(
            *(_told(one.now, found, now) for one in told if not one.ends),
            *(one.now for one in left if one.now != one.before and (one.point or not one.ends)),
        ),
        forgotten=tuple(one.now for one in steps if one.ends and (one in told or not one.point)),
        message=_message(known, [one.point for one in told if one.point], now),
    )


def after_a_start(tellings: Sequence[Telling], rules: Rules, now: datetime) -> list[Telling]:
    """Return those of `tellings` that are to last for a while, whose while begins anew.

    What a start itself brings about, such as that no worker is alive yet, is nobody's trouble.
    """
    return [
        replace(one, seen_at=now, due_at=now + (one.due_at - one.seen_at))
        for one in tellings
        if one.told_at is None and one.gone_at is None and one.due_at - one.seen_at > rules.gather
    ]


def _seen(
    channel: str, trouble: Trouble, before: Telling | None, rules: Rules, now: datetime
) -> _Step:
    """Return what is to be said of a trouble that is there."""
    telling = replace(before, gone_at=None) if before else _first(channel, trouble, rules, now)
    telling = replace(telling, severity=trouble.severity, what=trouble.what, over=trouble.over)
    news = _news(trouble, telling, rules, now)
    return _Step(before, telling, _point(trouble, telling, news) if news else None)


def _first(channel: str, trouble: Trouble, rules: Rules, now: datetime) -> Telling:
    return Telling(
        channel=channel,
        key=trouble.key,
        severity=trouble.severity,
        what=trouble.what,
        over=trouble.over,
        since=trouble.since,
        seen_at=now,
        due_at=now + max(trouble.patience, rules.gather),
    )


def _news(trouble: Trouble, telling: Telling, rules: Rules, now: datetime) -> News | None:
    """Return whether it is to be told, and as what."""
    if telling.told_at is None:
        return News.BEGUN if now >= telling.due_at else None
    passed = now - telling.told_at
    if trouble.newest and telling.newest and trouble.newest > telling.newest:
        return News.MORE if passed >= rules.more_after else None
    if not trouble.over or not rules.again_after:
        return None
    pause = min(rules.again_after * 2 ** min(telling.times - 1, 16), max(RAREST, rules.again_after))
    return News.STILL if passed >= pause else None


def _gone(before: Telling, rules: Rules, now: datetime) -> _Step:
    """Return what is to be said of a trouble that is there no more."""
    telling = before if before.gone_at else replace(before, gone_at=now)
    gone_at = telling.gone_at or now
    if now - gone_at < rules.over_after:
        return _Step(before, telling)
    was_due = gone_at > telling.due_at
    if telling.told_at is not None and telling.over:
        return _Step(before, telling, _last(telling, News.OVER, telling.over, gone_at), ends=True)
    if telling.told_at is None and was_due:
        passed = _last(telling, News.PASSED, telling.what, gone_at)
        return _Step(before, telling, passed, ends=True)
    return _Step(before, telling, ends=True)


def _point(trouble: Trouble, telling: Telling, news: News) -> Point:
    return Point(
        news=news,
        key=trouble.key,
        severity=trouble.severity,
        what=trouble.what,
        why=trouble.why,
        remedy=trouble.remedy,
        since=telling.since,
        until=None,
        page=trouble.page,
    )


def _last(telling: Telling, news: News, what: str, until: datetime) -> Point:
    return Point(
        news=news,
        key=telling.key,
        severity=telling.severity,
        what=what,
        why=f"it was: {telling.what}" if news is News.OVER else "it is over by now",
        remedy="",
        since=telling.since,
        until=until,
        page="",
    )


def _told(telling: Telling, found: Sequence[Trouble], now: datetime) -> Telling:
    newest = next(one.newest for one in found if one.key == telling.key)
    return replace(telling, told_at=now, times=telling.times + 1, newest=newest)


def _message(known: Known, points: Sequence[Point], now: datetime) -> Message | None:
    if not points:
        return None
    number = 1 + max((one.number for one in known.messages), default=0)
    named = f"{known.node} {known.channel} {number} {now.isoformat()}"
    return Message(
        channel=known.channel,
        number=number,
        message_id=sha256(named.encode()).hexdigest()[:32],
        subject=subject_of(points),
        points=tuple(points),
        made_at=now,
        run_at=now,
    )


def subject_of(points: Sequence[Point]) -> str:
    """Return the first and worst of `points` in a line, and how many more there are."""
    worst = min(points, key=_weight)
    over = "over: " if worst.news is News.OVER else ""
    more = f" (and {len(points) - 1} more)" if len(points) > 1 else ""
    return f"{over}{worst.what}{more}"


def _weight(point: Point) -> tuple[bool, bool]:
    is_past = point.news in {News.OVER, News.PASSED}
    return is_past, point.severity is not Severity.ERROR
