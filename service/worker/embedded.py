"""The worker of the embedded node: a process beside it, started again whenever it ends."""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
DRAIN_S = 120.0


@dataclass(frozen=True)
class EmbeddedWorker:
    """Keeps the process of `command` running."""

    command: Sequence[str]

    def run(self, stop: threading.Event) -> None:
        """Start it, and again when it ends, until `stop`; then let it finish its job."""
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            started = time.monotonic()
            process = subprocess.Popen(self.command)  # noqa: S603 - the command is our own
            while process.poll() is None and not stop.wait(0.1):
                pass
            if stop.is_set():
                _drain(process)
                return
            lived = time.monotonic() - started
            was_killed = process.returncode == -signal.SIGKILL  # from outside: no fault to wait for
            fresh = was_killed or lived > HEALTHY_S
            pause = FIRST_PAUSE_S if fresh else min(2 * pause, LONGEST_PAUSE_S)
            logger.warning(
                "the worker ended (%s) after %.0f s; again in %.1f s",
                process.returncode,
                lived,
                pause,
            )
            stop.wait(pause)


def _drain(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=DRAIN_S)
    except subprocess.TimeoutExpired:
        logger.warning("the worker did not finish within %.0f s: killed", DRAIN_S)
        process.kill()
        process.wait()
