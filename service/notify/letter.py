"""A message as people read it, and as programs do: pure functions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.ledger.notifying import Message, News, Point
from service.notify.words import moment, one_line

HEADINGS: Mapping[News, str] = {
    News.BEGUN: "NEW",
    News.MORE: "MORE OF IT",
    News.STILL: "STILL SO",
    News.PASSED: "OVER BEFORE IT WAS TOLD",
    News.OVER: "OVER",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """The node that tells, as its messages name it."""

    node: str
    """Such as ``SENOSCOPE on mammo-server``."""
    console_url: str = ""
    """Where its console is; empty: messages have no links."""

    def link(self, point: Point) -> str:
        """Return the console's page of `point`, empty where there is none."""
        return f"{self.console_url.rstrip('/')}/{point.page}" if self.console_url else ""


def subject(sender: Sender, message: Message) -> str:
    """Return the line by which a message is recognised."""
    return one_line(f"[{sender.node}] {message.subject}")


def text(sender: Sender, message: Message) -> str:
    """Return the message as plain text."""
    paragraphs = ["\n".join(_lines(sender, point)) for point in message.points]
    ending = (
        f"Told by {sender.node} at {moment(message.made_at)}. Research use only.\n"
        "`senoscope notify list` shows what is open and what was told."
    )
    return "\n\n".join([*paragraphs, ending]) + "\n"


def body(sender: Sender, message: Message) -> bytes:
    """Return the message as JSON, the same bytes at each try."""
    plain = {
        "id": message.message_id,
        "node": sender.node,
        "made_at": message.made_at.isoformat(),
        "subject": message.subject,
        "points": [_plain(sender, point) for point in message.points],
        "text": text(sender, message),
    }
    return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()


def trial(channel: str, message_id: str, now: datetime) -> Message:
    """Return a message that says nothing but that messages arrive."""
    said = "this is a test: messages of this node arrive here"
    return Message(channel, 0, message_id, said, (), now, now)


def _lines(sender: Sender, point: Point) -> Iterator[str]:
    yield f"{HEADINGS[point.news]}: {point.what}"
    until = f" until {moment(point.until)}" if point.until else ""
    yield f"  Since {moment(point.since)}{until}; {point.why}"
    if point.remedy:
        yield f"  What to do: {point.remedy}"
    if link := sender.link(point):
        yield f"  {link}"


def _plain(sender: Sender, point: Point) -> Mapping[str, Any]:
    return {
        "news": str(point.news),
        "key": point.key,
        "severity": str(point.severity),
        "what": point.what,
        "why": point.why,
        "remedy": point.remedy,
        "since": point.since.isoformat(),
        "until": point.until.isoformat() if point.until else None,
        "link": sender.link(point),
    }


def summary(points: Sequence[Point]) -> str:
    """Return all of `points` in a line, for logs."""
    return "; ".join(f"{point.news}: {point.what}" for point in points)
