"""More processes that listen on the port of this one, started again whenever they end."""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

POLL_S = 0.5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0


@dataclass(frozen=True)
class ListenerProcess:
    """Keeps the process of `command` running."""

    command: Sequence[str]
    drain_s: float
    """How long what is under way may take when it is to end."""

    def run(self, stop: threading.Event) -> None:
        """Start it, and again when it ends, until `stop`; then let it finish what is under way."""
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            started = time.monotonic()
            process = subprocess.Popen(self.command)  # noqa: S603 - the command is our own
            while process.poll() is None and not stop.wait(POLL_S):
                pass
            if stop.is_set():
                self._drain(process)
                return
            healthy = (
                time.monotonic() - started > HEALTHY_S or process.returncode == -signal.SIGKILL
            )
            pause = FIRST_PAUSE_S if healthy else min(2 * pause, LONGEST_PAUSE_S)
            told = "a listener process ended (%s); again in %.1f s"
            logger.warning(told, process.returncode, pause)
            stop.wait(pause)

    def _drain(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=self.drain_s)
        except subprocess.TimeoutExpired:
            logger.warning("a listener process did not finish in %.0f s: killed", self.drain_s)
            process.kill()
            process.wait()
