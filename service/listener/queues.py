"""Queues of pynetdicom that tell of what comes in, and leave out what came too late."""

import logging
import threading
from queue import Queue
from typing import TypeVar

from pynetdicom.dul import DULServiceProvider
from typing_extensions import override

logger = logging.getLogger(__name__)

REQUESTS = frozenset(("Evt7", "Evt8", "Evt9", "Evt11", "Evt14", "Evt15"))
"""Events of what this node is to send: PS3.8 Table 9-10."""

T = TypeVar("T")


class Telling(Queue[T]):
    """A queue that tells of each item that comes in."""

    def __init__(self, told: threading.Event) -> None:
        super().__init__()
        self._told = told

    @override
    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Add `item`, and tell."""
        super().put(item, block, timeout)
        self._told.set()


class Events(Queue[str]):
    """The events of a DUL without those that came too late: PS3.8 Table 9-10.

    pynetdicom looks at the timer, and at what is to be sent, before it acts on what is there
    already, and then dies of a time-out or a request in a state that knows none.
    """

    def __init__(self, dul: DULServiceProvider) -> None:
        super().__init__()
        self._dul = dul

    @override
    def get(self, block: bool = True, timeout: float | None = None) -> str:
        """Return the next event that still counts."""
        while not self._counts(event := super().get(block, timeout)):
            pass
        return event

    def _counts(self, event: str) -> bool:
        state = self._dul.state_machine.current_state
        if event in REQUESTS and state == "Sta13":  # the association was given up meanwhile
            self._dul.to_provider_queue.queue.clear()
            return False
        if event == "Evt18" and state == "Sta2":
            logger.warning("a peer opened no association in time: its connection is closed")
        return event != "Evt18" or state in {"Sta2", "Sta13"}
