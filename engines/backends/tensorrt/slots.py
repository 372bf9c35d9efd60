"""Buffers for a window on its way to the GPU and back."""

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from engines.engine import Batch

if TYPE_CHECKING:
    from pycuda import driver


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """Pinned memory here, memory there, and the events that tell how far the window has come."""

    host_in: Batch
    host_out: Batch
    device_in: "driver.DeviceAllocation"
    device_out: "driver.DeviceAllocation"
    arrived: "driver.Event"
    computed: "driver.Event"
    answered: "driver.Event"

    def fill(self, batch: Batch) -> None:
        """Put `batch` into the pinned memory; what it leaves empty is zero."""
        self.host_in[: len(batch)] = batch
        self.host_in[len(batch) :] = 0


def make_slot(cuda: ModuleType, takes: tuple[int, ...], gives: tuple[int, ...]) -> Slot:
    """Return buffers for batches of these shapes; pinned, for only they are copied in passing."""
    host_in = cuda.pagelocked_empty(takes, np.float32)
    host_out = cuda.pagelocked_empty(gives, np.float32)
    untimed = cuda.event_flags.DISABLE_TIMING
    return Slot(
        host_in,
        host_out,
        cuda.mem_alloc(host_in.nbytes),
        cuda.mem_alloc(host_out.nbytes),
        arrived=cuda.Event(untimed),
        computed=cuda.Event(untimed),
        answered=cuda.Event(untimed | cuda.event_flags.BLOCKING_SYNC),  # leaves the core to others
    )
