"""The door through which Celery comes in: a parent that listens, and a child a device that works.

Each child runs one job at a time and may die of it: the parent sees how, writes it down, and starts
another. Engines are opened in the child, after the fork.
"""

import logging
import os
import signal
import threading
import time
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from billiard.process import current_process  # type: ignore[import-untyped]
from billiard.util import get_logger  # type: ignore[import-untyped]
from celery import Celery, Task, signals
from celery.exceptions import SecurityWarning, SoftTimeLimitExceeded, WorkerLostError
from celery.worker.request import Request
from kombu.asynchronous.timer import Timer
from kombu.exceptions import ConnectionError as BrokerAwayError

from engines.engine import DeviceLostError
from engines.machine import gpus
from service import log
from service.alive import AliveFile
from service.errors import NodeError, UnavailableError
from service.ledger.ledger import Ledger
from service.opening import open_ledger
from service.queue.celery import WORK, CeleryQueue
from service.queue.made import queue_of
from service.settings import load_settings
from service.systemd import Systemd
from service.trail import about
from service.worker.deaths import die_with, how_it_died, is_from_outside, where
from service.worker.owner import is_process, this_process
from service.worker.presence import (
    DEVICE_LOST,
    PRESENCE_S,
    end_without_device,
    say_unfit,
    tell_of,
)
from service.worker.pulse import Pulse
from service.worker.watchdog import Watchdog
from service.worker.worker import Worker

logger = logging.getLogger(__name__)

Outcome = Callable[[str, str], Sequence[str]]
"""What the ledger is told of the owner of a job, and why; it answers with the jobs."""

WATCH_S = 0.5
"""Until a child's death is seen; Celery alone takes up to 5 s, longer than the sweeper's grace."""
FORGET_S = 30.0
"""Between two looks for the time limits of tasks that have ended: they pile up no longer."""
TOO_LONG = "it took longer than worker.soft_limit_s"


def main() -> None:
    """Run the worker that a node keeps beside itself: ``python -m service.celery_worker``."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--parent", type=int, help="the process to die with")
    parser.add_argument("--pulse", type=int, help="the open file for signs of life")
    arguments = parser.parse_args()
    own = Pulse(1, arguments.pulse) if arguments.pulse is not None else None
    if arguments.parent is not None:
        die_with(arguments.parent)
    run_worker(arguments.config, own=own)


def run_worker(config: Path | None, devices: Sequence[str] = (), own: Pulse | None = None) -> None:
    """Work for the node of those settings, on those devices or on those of the settings.

    `own` is where this process beats, for who looks after it.
    """
    from service.wiring import make_worker  # noqa: PLC0415 - this door also opens without a whole node

    log.set_up()
    settings = load_settings(config)
    serve(
        queue_of(settings).app,
        open_ledger(config),
        partial(make_worker, settings),
        every_gpu(devices or settings.worker.devices, gpus()),
        partial(
            Watchdog,
            own=own,
            systemd=Systemd.from_environment(),
            alive=AliveFile(settings.alive_path if own is None else None),
        ),
    )


def serve(
    app: Celery,
    ledger: Ledger,
    make_worker: Callable[[str], Worker],
    devices: Sequence[str],
    watchdog: Callable[[Ledger, Pulse], Watchdog] = Watchdog,
) -> None:
    """Work until SIGTERM, then finish the jobs at hand and return.

    `make_worker` makes the worker of a device; it is called in that device's own process, which
    `watchdog` looks after.
    """
    warnings.simplefilter("ignore", SecurityWarning)  # of root, for pickle; here is only JSON
    work = Work(ledger, make_worker, devices, Pulse(len(devices)))
    app.register_task(work)
    signals.setup_logging.connect(_keep_our_log)
    signals.worker_process_init.connect(work.open)
    signals.worker_ready.connect(work.watch)
    signals.worker_shutting_down.connect(_let_the_next_signal_end_it)
    watchdog(ledger, work.pulse).start()
    logger.info("the worker starts: %s (research use only)", ", ".join(devices))
    app.Worker(
        concurrency=len(devices),
        hostname=f"senoscope-{os.getpid()}",
        quiet=True,
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
    ).start()


class WorkRequest(Request):  # type: ignore[misc] # Celery has no types
    """In the parent: how the child that took the task fared."""

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001 - Celery's
        """Count the job as crashed: its child is killed now."""
        super().on_timeout(soft, timeout)
        if not soft:
            self._note(self.task.ledger.crashed, f"it took more than {timeout:.0f} s")

    def on_failure(
        self,
        exc_info: Any,  # noqa: ANN401 - Celery's
        send_failed_event: bool = True,  # noqa: FBT001, FBT002 - Celery's
        return_ok: bool = False,  # noqa: FBT001, FBT002 - Celery's
    ) -> None:
        """Count the job as crashed or lost, by what its child died of."""
        error = getattr(exc_info.exception, "exc", exc_info.exception)  # billiard wraps some
        if isinstance(error, WorkerLostError):
            death = str(error)
            outcome = self.task.ledger.lost if is_from_outside(death) else self.task.ledger.crashed
            self._note(outcome, how_it_died(death))
        elif not return_ok:
            logger.error("a task failed: %s", type(error).__name__)
        super().on_failure(exc_info, send_failed_event, return_ok)

    def acknowledge(self) -> None:
        """Tell the broker that the task is done; if it cannot be told, connect to it anew."""
        super().acknowledge()
        self._look_whether_told()

    def reject(self, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - Celery's
        """Tell the broker that the task is not done; if it cannot be told, connect to it anew."""
        super().reject(requeue)
        self._look_whether_told()

    def _look_whether_told(self) -> None:
        """Look in the round after the next: Celery tells the broker in the next one."""
        loop = self.task.hub  # Celery forgets which is the current one when it connects again
        loop.call_soon(loop.call_soon, self._see_that_it_is_told)

    def _see_that_it_is_told(self) -> None:
        """Leave the connection if not: to kombu the task is still at hand, so it asks for no other.

        While none is asked for it does not look at its socket either, and would wait forever.
        """
        if not self.message.acknowledged:
            raise BrokerAwayError("the broker could not be told of a task")

    def _note(self, outcome: Outcome, why: str) -> None:
        """Write down what happened to the jobs of the child that took this task."""
        try:
            for owner in self.task.ledger.owners():
                if is_process(owner, self.worker_pid):
                    for job_id in outcome(owner, why):
                        with about(self.task.ledger.job(job_id).study_instance_uid, job=job_id):
                            logger.warning("job %s: %s", job_id, why)
        except NodeError as error:
            logger.warning("not written down, the sweeper will see it: %s", error)


@dataclass(eq=False)
class Work(Task):  # type: ignore[misc] # Celery has no types
    """The task: look for work; the job id that comes with it is only why."""

    ledger: Ledger
    make_worker: Callable[[str], Worker]
    devices: Sequence[str]
    pulse: Pulse
    parent: int = field(default_factory=os.getpid)
    worker: Worker | None = None
    hub: Any = None
    """In the parent: what calls it back, once it is connected to the broker."""

    name = WORK
    Request = WorkRequest

    def run(self, hint: str = "") -> None:
        """Run the most urgent job that is due, and see to it that the next is looked for."""
        del hint
        if self.worker is None:
            return
        if do_job(self.worker):
            queue = CeleryQueue(self.app)
            if queue.is_empty():
                queue.put("next")
        elif is_spare(self.worker):
            time.sleep(PRESENCE_S)  # who is woken for nothing leaves the next call to others

    def watch(self, sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery's
        """In the parent, connected to the broker: look after the children more than Celery does."""
        if self.hub is None:  # else it is connected again
            self.hub = sender.hub
            self.hub.call_repeatedly(WATCH_S, sender.pool.maintain_pool)
            self.hub.call_repeatedly(FORGET_S, forget_cancelled, self.hub.timer)

    def open(self, **_: object) -> None:
        """In a child, just forked: get ready to work."""
        die_with(self.parent)
        place = current_process().index % len(self.devices)
        worker = replace(self.make_worker(self.devices[place]), end=_end_stuck)
        try:
            worker.open_engines()
        except UnavailableError as error:
            logger.error("the worker is not ready: %s", error)  # noqa: TRY400 - it says all
            say_unfit(worker, str(error))
        except DeviceLostError as error:
            logger.critical("the worker's process ends, for want of its device: %s", error)
            time.sleep(PRESENCE_S)  # the next may well fare the same: not many a second
            os._exit(DEVICE_LOST)
        self.worker = worker
        self.pulse.keep(place)
        threading.Thread(target=tell_of, args=(worker, worker.now()), daemon=True).start()


def forget_cancelled(timer: Timer) -> None:
    """Let go of the time limits of tasks that have ended; kombu holds them, and so the tasks.

    Until they would have run out, it does: a busy worker had the tasks of ten minutes.
    """
    waiting = [event for event in timer.queue if not event.entry.canceled]
    timer.clear()
    for eta, priority, entry in waiting:
        timer.enter_at(entry, eta, priority)


def do_job(worker: Worker) -> bool:
    """Run the next job and return whether there was one; whatever goes wrong ends here."""
    try:
        return worker.run()
    except UnavailableError as error:
        logger.warning("the worker waits: %s", error)
    except DeviceLostError as error:
        end_without_device(worker, error)
    except SoftTimeLimitExceeded:
        logger.error("a job took too long and was told to end")  # noqa: TRY400 - it says all
        worker.ledger.crashed(this_process(), TOO_LONG)
    except Exception as error:  # noqa: BLE001 - the door
        told = where(error)
        logger.error("a fault in a job: %s", told)  # noqa: TRY400 - its text may name a patient
        worker.ledger.crashed(this_process(), told)
    return False


def is_spare(worker: Worker) -> bool:
    """Tell whether jobs are left to other workers now."""
    try:
        return worker.is_spare()
    except UnavailableError:
        return False


def _end_stuck() -> None:
    """End this process: its job was taken away, and it does not let go."""
    logger.error("a job that was taken away did not end: its process does")
    os.kill(os.getpid(), signal.SIGKILL)


def _let_the_next_signal_end_it(**_: object) -> None:
    """The first SIGTERM lets the jobs at hand finish; the next does not."""
    logger.info("the worker finishes the jobs at hand and ends")
    signal.signal(signal.SIGTERM, _end_at_once)


def _end_at_once(*_: object) -> None:
    """End the parent; the kernel takes the children along, and the sweeper their jobs."""
    logger.warning("the worker ends at once: the jobs at hand come back")
    os._exit(1)


def every_gpu(devices: Sequence[str], gpus: Sequence[str]) -> list[str]:
    """Return `devices`, an ``auto`` as all `gpus` where there are several: one process each."""
    several = list(gpus) if len(gpus) > 1 else ["auto"]
    return [one for device in devices for one in (several if device == "auto" else [device])]


def _keep_our_log(**_: object) -> None:
    """Who connects to Celery's signal keeps Celery from setting up logging.

    What becomes of children its process pool prints past every log, unless it is told otherwise.
    """
    get_logger().propagate = True


if __name__ == "__main__":
    main()
