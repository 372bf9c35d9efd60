"""A test message by each channel, now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from service.errors import NodeError
from service.notify.channel import Channel
from service.notify.letter import trial


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test message."""

    channel: str
    receiver: str
    arrived: bool
    answer: str
    """What the receiver said, or why there was none."""


def try_each(channels: Mapping[str, Channel], now: datetime) -> list[Tried]:
    """Return what became of a test message by each of `channels`."""
    message_id = sha256(f"test {now.isoformat()}".encode()).hexdigest()[:32]
    return [_tried(name, channel, message_id, now) for name, channel in channels.items()]


def _tried(name: str, channel: Channel, message_id: str, now: datetime) -> Tried:
    try:
        answer = channel.send(trial(name, message_id, now))
    except NodeError as error:
        return Tried(name, str(channel), arrived=False, answer=str(error))
    return Tried(name, str(channel), arrived=True, answer=answer)
