"""Whether people can be told: a line for `senoscope check` and ``/readyz``."""

from datetime import datetime, timedelta

from service.checks import Check
from service.ledger.notifying import Message, Tellings
from service.notify.channel import Channel
from service.notify.words import moment, one_line

LATE = timedelta(minutes=10)
"""A message that is not sent by then hangs, even if nothing failed."""


def standing(name: str, channel: Channel, ledger: Tellings, now: datetime) -> Check:
    """Return whether messages arrive by that channel, as far as the ledger knows."""
    check = f"notify {name}"
    last = next(iter(ledger.messages(name, 1)), None)
    if last is None:
        return Check(check, ok=True, detail=f"{channel}: nothing was told yet")
    if last.sent_at is not None:
        said = one_line(last.error)
        detail = f"{channel}: the last message arrived {moment(last.sent_at)} ({said})"
        return Check(check, ok=True, detail=detail)
    return Check(check, ok=not _is_stuck(last, now), detail=_waits(channel, last))


def standing_for_anybody(name: str, channel: Channel, ledger: Tellings, now: datetime) -> Check:
    """Return the same for who may not know by whom we are told; it keeps no node from work."""
    found = standing(name, channel, ledger, now)
    detail = "arrives" if found.ok else "waits: see `senoscope notify list`"
    return Check(found.name, ok=True, detail=detail)


def _is_stuck(message: Message, now: datetime) -> bool:
    return message.attempts > 0 or now - message.made_at > LATE


def _waits(channel: Channel, message: Message) -> str:
    why = one_line(message.error) or "it is being sent"
    return f"{channel}: a message waits since {moment(message.made_at)}: {why}"
