"""The worker of the embedded node: a process beside it, started again whenever it ends."""

import logging
import mmap
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from service.worker.pulse import Pulse, Sign
from service.worker.watchdog import MOST_SILENT_S, Watch

logger = logging.getLogger(__name__)

POLL_S = 0.5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
DRAIN_S = 120.0
STARTING_S = 240.0
"""Without a first sign of life: a busy machine takes its time to load networks."""


@dataclass(frozen=True)
class EmbeddedWorker:
    """Keeps the process of `command` running; given ``--pulse FILE``, it beats there."""

    command: Sequence[str]
    most_silent_s: float = MOST_SILENT_S
    starting_s: float = STARTING_S

    def run(self, stop: threading.Event) -> None:
        """Start it, and again when it ends, until `stop`; then let it finish its job."""
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            started = time.monotonic()
            process = self._run_once(stop)
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

    def _run_once(self, stop: threading.Event) -> "subprocess.Popen[bytes]":
        """Return the process once it has ended or `stop` is set; frozen, it is killed."""
        file = os.memfd_create("pulse")
        os.ftruncate(file, mmap.PAGESIZE)
        pulse = Pulse(1, file)
        starting, running = Watch(self.starting_s), Watch(self.most_silent_s)
        started = time.monotonic()
        command = [*self.command, "--pulse", str(file)]
        process = subprocess.Popen(command, pass_fds=[file])  # noqa: S603 - the command is our own
        os.close(file)
        while process.poll() is None and not stop.wait(POLL_S):
            starting.look()
            running.look()
            seen = pulse.sign(0)
            sign = seen or Sign(process.pid, time.monotonic() - started)
            if (running if seen else starting).is_frozen(sign):
                logger.error("the worker gave no sign of life for %.0f s: killed", sign.silent_s)
                process.kill()
        return process


def _drain(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=DRAIN_S)
    except subprocess.TimeoutExpired:
        logger.warning("the worker did not finish within %.0f s: killed", DRAIN_S)
        process.kill()
        process.wait()
