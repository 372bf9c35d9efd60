"""Signs of life in memory that processes share: no disk, no ledger, no lock is needed for one."""

import mmap
import os
import struct
import threading
import time
from dataclasses import dataclass

BEAT_S = 1.0
_SLOT = struct.Struct("qd")


@dataclass(frozen=True, slots=True)
class Sign:
    """Who was last seen in a slot, and how long ago."""

    pid: int
    silent_s: float


class Pulse:
    """A slot for each process that is looked after; made before the fork, or of an open file."""

    def __init__(self, slots: int, file: int = -1) -> None:
        self.slots = slots
        self._memory = mmap.mmap(file, slots * _SLOT.size)

    def beat(self, slot: int) -> None:
        """Say that this process is alive."""
        _SLOT.pack_into(self._memory, slot * _SLOT.size, os.getpid(), time.monotonic())

    def keep(self, slot: int) -> None:
        """Beat from now on, as long as this process can run Python at all."""
        self.beat(slot)
        threading.Thread(target=self._beat_on, args=(slot,), name="pulse", daemon=True).start()

    def sign(self, slot: int) -> Sign | None:
        """Return who was seen in that slot; None if nobody ever was."""
        pid, at = _SLOT.unpack_from(self._memory, slot * _SLOT.size)
        return Sign(pid, time.monotonic() - at) if pid else None

    def forget(self, slot: int) -> None:
        """Empty that slot."""
        _SLOT.pack_into(self._memory, slot * _SLOT.size, 0, 0.0)

    def _beat_on(self, slot: int) -> None:
        while True:
            time.sleep(BEAT_S)
            self.beat(slot)
