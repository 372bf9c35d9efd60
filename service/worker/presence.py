"""A worker tells that it is there, or why it cannot work, for as long as its device does."""

import logging
import os
import time
from contextlib import suppress
from datetime import datetime

from engines.engine import DeviceLostError
from service.errors import UnavailableError
from service.ledger.moves import LONGEST_ERROR
from service.ledger.records import UnfitWorker
from service.worker.deaths import where
from service.worker.owner import this_process
from service.worker.worker import Worker

logger = logging.getLogger(__name__)

PRESENCE_S = 5.0
DEVICE_LOST = 3
"""How a child exits that has lost its device: as little as possible is done after that."""


def tell_of(worker: Worker, started_at: datetime) -> None:
    """Say every few seconds that this worker is there, with its engines open."""
    while True:
        try:
            say_it_is_there(worker, started_at)
        except DeviceLostError as error:
            end_without_device(worker, error)
        time.sleep(PRESENCE_S)


def say_it_is_there(worker: Worker, started_at: datetime) -> None:
    """Say that this worker is there with its engines open, or why not, and what it counted."""
    try:
        worker.ledger.present(worker.presence(started_at))
    except UnavailableError as error:
        logger.warning("the worker is not ready: %s", error)
        say_unfit(worker, str(error))
        return
    try:
        worker.tell()
    except UnavailableError as error:
        logger.warning("what the worker counted is told later: %s", error)


def say_unfit(worker: Worker, reason: str) -> None:
    """Let those who ask whether a worker is there be told why this one cannot work."""
    told = UnfitWorker(this_process(), worker.device, reason[:LONGEST_ERROR], worker.now())
    with suppress(UnavailableError):  # the ledger is away: that is the reason
        worker.ledger.unfit(told)


def end_without_device(worker: Worker, error: DeviceLostError) -> None:
    """Give the job back, and end this process: only another can use the device again.

    It ends at once: what libraries do at a normal exit may wait for the device for ever.
    """
    logger.critical("the worker's process ends, for want of its device: %s", error)
    try:
        worker.ledger.crashed(this_process(), where(error))
    except UnavailableError as reason:
        logger.warning("not written down, the parent will: %s", reason)
    os._exit(DEVICE_LOST)
