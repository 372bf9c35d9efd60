"""A way to people."""

from typing import Protocol

from service.ledger.notifying import Message


class Channel(Protocol):
    """A way to people: sends them messages, perhaps twice, never halves."""

    def send(self, message: Message) -> str:
        """Return what the receiver answered that took the message.

        Raises:
            NodeError: if nobody took it: it is to be sent again.
        """
        ...
