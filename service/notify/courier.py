"""Carrying messages from the ledger to a channel."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.errors import NodeError
from service.ledger.moves import pause
from service.ledger.notifying import Message, Tellings
from service.notify.channel import Channel
from service.notify.letter import summary
from service.notify.words import one_line

logger = logging.getLogger(__name__)

LEASE_S = 120.0
"""How long a message is of the one who sends it; who was killed keeps it no longer."""
LONGEST_PAUSE_S = 300.0


class Counts(Protocol):
    """What is counted of messages."""

    def notified(self, channel: str, arrived: bool) -> None:  # noqa: FBT001 - a gauge
        """Note that a message of that channel arrived, or did not."""


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends what one channel is owed; one that is down is tried again, ever more seldom."""

    name: str
    channel: Channel
    ledger: Tellings
    counts: Counts
    now: Callable[[], datetime]

    def send_due(self) -> bool:
        """Send the message that is due, if one is; return whether it arrived.

        Raises:
            UnavailableError: if the ledger is down; a message that it does not know as sent is
                sent again, under the same id.
        """
        message = self.ledger.take_message(self.name, LEASE_S)
        if message is None:
            return False
        try:
            answer = self.channel.send(message)
        except NodeError as error:
            self._failed(message, str(error))
            return False
        self.ledger.message_sent(message, answer)
        self.counts.notified(self.name, arrived=True)
        logger.info("told by %s: %s", self.name, one_line(summary(message.points)))
        return True

    def _failed(self, message: Message, error: str) -> None:
        wait = pause(message.message_id, message.attempts + 1, LONGEST_PAUSE_S)
        self.ledger.message_failed(message, self.now() + wait, error)
        self.counts.notified(self.name, arrived=False)
        logger.warning("people cannot be told by %s now: %s", self.name, error)
