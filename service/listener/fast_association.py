"""The association of a quick acceptor."""

import logging
import threading
from typing import TYPE_CHECKING, cast

from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from typing_extensions import override

from service.listener.fast_dul import LONGEST_SLEEP_S, FastDul

if TYPE_CHECKING:
    from service.listener.fast_dimse import FastDimse

logger = logging.getLogger(__name__)


class FastAssociation(Association):
    """An acceptor's association that sleeps until it is told of something."""

    def __init__(self, ae: ApplicationEntity) -> None:
        self.told = threading.Event()
        super().__init__(ae, MODE_ACCEPTOR)
        self.dul = FastDul(self, self.told)
        self.acse_timeout = ae.acse_timeout  # these set the timers of the DUL
        self.network_timeout = ae.network_timeout

    @override
    def kill(self) -> None:
        """End it."""
        self._kill = True
        self.told.set()
        super().kill()

    @override
    def _run_reactor(self) -> None:
        """Serve until the association ends: as pynetdicom does, but in its sleep."""
        while not self._kill:
            self._is_paused = True
            self.told.wait(self._patience())
            self.told.clear()
            self._reactor_checkpoint.wait()
            self._is_paused = False
            while self._serves_one():
                pass
            if self._is_over():
                self.kill()

    def _patience(self) -> float:
        idle = self.dul._idle_timer  # noqa: SLF001
        left = idle.remaining if idle.timeout is not None else LONGEST_SLEEP_S
        return max(0.01, min(left + 0.01, LONGEST_SLEEP_S))

    def _serves_one(self) -> bool:
        """Serve the next message, if there is one and nobody else waits for it."""
        if self._kill or not self._reactor_checkpoint.is_set():
            return False
        context_id, message = self.dimse.get_msg(block=False)
        if message is None or context_id is None:
            return False
        self._serve_request(message, context_id)
        return True

    def _is_over(self) -> bool:
        if self.is_established and self.acse.is_release_requested():
            self.acse.send_release(is_response=True)
            self.is_released = True
            self.is_established = False
            evt.trigger(self, evt.EVT_RELEASED, {})
            return True
        if self.acse.is_aborted():
            self.dul.receive_pdu(wait=False)
            self.is_aborted = True
            self.is_established = False
            evt.trigger(self, evt.EVT_ABORTED, {})
            return True
        if not self.dul.is_alive():
            return True
        if self.dul.idle_timer_expired() and not cast("FastDimse", self.dimse).is_storing:
            logger.warning("a peer was silent for too long: its association is aborted")
            self.abort()
            return True
        return False
