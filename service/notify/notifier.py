"""The loop that looks, plans what people are told, and has it carried to them."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.errors import NodeError
from service.ledger.notifying import Tellings
from service.notify.courier import Courier
from service.notify.facts import Lookout
from service.notify.plan import Known, Rules, after_a_start, plan
from service.notify.troubles import Limits, troubles

logger = logging.getLogger(__name__)

AT_THE_END_S = 10.0
"""So long a message that is being sent is waited for when the node stops."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What is told, and by what rules."""

    node: str
    lookout: Lookout
    limits: Limits
    rules: Rules
    every_s: float
    """Between two looks."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells people what goes wrong, by each channel."""

    desk: Desk
    ledger: Tellings
    couriers: Mapping[str, Courier]
    """By the names of their channels."""
    now: Callable[[], datetime]
    sending: dict[str, threading.Thread] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Look now and then until `stop`; a receiver that is down or slow holds nothing up."""
        begun = False
        while not stop.wait(self.desk.every_s):
            try:
                begun = begun or self._begin()
                self.look()
            except NodeError as error:
                logger.warning("nobody can be told anything now: %s", error)
                continue
            for name in self.couriers:
                self._send(name)
        for thread in self.sending.values():
            thread.join(AT_THE_END_S)

    def _begin(self) -> bool:
        rules, now = self.desk.rules, self.now()
        return self.ledger.keep_told(after_a_start(self.ledger.tellings(), rules, now), [], None)

    def look(self) -> None:
        """Write down what is to be told now by each channel; a crash later loses none of it.

        Raises:
            UnavailableError: if the ledger is down.
        """
        now, desk = self.now(), self.desk
        found = troubles(desk.lookout.look(), desk.limits, now)
        most = desk.rules.per_hour + 1
        messages = {name: self.ledger.messages(name, most) for name in self.couriers}
        told = self.ledger.tellings()  # after the messages: else two processes might tell it twice
        for name in self.couriers:
            mine = [one for one in told if one.channel == name]
            planned = plan(Known(desk.node, name, mine, messages[name]), found, desk.rules, now)
            self.ledger.keep_told(planned.changed, planned.forgotten, planned.message)
        self.ledger.keep_told([], [one for one in told if one.channel not in self.couriers], None)

    def _send(self, name: str) -> None:
        """Let that channel's courier send, unless he still does; he may hang, the node does not."""
        before = self.sending.get(name)
        if before is not None and before.is_alive():
            return
        carrying = threading.Thread(
            target=_carry, args=(self.couriers[name],), name=f"notify-{name}", daemon=True
        )
        self.sending[name] = carrying
        carrying.start()


def _carry(courier: Courier) -> None:
    try:
        courier.send_due()
    except NodeError as error:
        logger.warning("a message waits: %s", error)
