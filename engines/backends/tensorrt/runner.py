"""Windows through a GPU: one is copied in while another is computed and a third copied out."""

import threading
from collections import deque
from collections.abc import Collection, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass

from engines.backends.tensorrt.device import Session, keep_for_ever
from engines.backends.tensorrt.execution import Execution
from engines.backends.tensorrt.slots import Slot, make_slot
from engines.engine import Batch, DeviceLostError

DEPTH = 3
"""Windows on their way at once: in, through, and out."""
NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: it does not wait for the default stream, nor that for it


@dataclass(frozen=True, slots=True)
class Sent:
    """A slot on its way, and how many images of it are meant."""

    slot: Slot
    images: int


class Runner:
    """Runs batches of up to one window through a plan, from any thread."""

    def __init__(self, session: Session, execution: Execution, depth: int = DEPTH) -> None:
        self._session = session
        self._execution = execution
        self._depth = depth
        self._lock = threading.Lock()
        with session.current() as cuda:
            self._copying_in = cuda.Stream(NON_BLOCKING)
            self._computing = cuda.Stream(NON_BLOCKING)
            self._copying_out = cuda.Stream(NON_BLOCKING)
            self._idle = [self._made() for _ in range(depth)]

    @property
    def takes(self) -> tuple[int, ...]:
        """The shape of a window."""
        return self._execution.takes

    def stream(self, batches: Iterable[Batch]) -> Generator[Batch]:
        """Yield the answer to each batch, in order; at most `depth` are asked for ahead of it.

        A batch is at most a window. An answer is good until the next is asked for.

        Raises:
            DeviceLostError: the GPU computes no more in this process.
            UnusableError: CUDA or TensorRT refuses.
        """
        sent: deque[Sent] = deque()
        try:
            for batch in batches:
                sent.append(Sent(self._free_slot(), len(batch)))
                self._send(sent[-1].slot, batch)
                if len(sent) == self._depth:
                    yield self._answer(sent[0])
                    self._take_back(sent.popleft())
            while sent:
                yield self._answer(sent[0])
                self._take_back(sent.popleft())
        finally:
            self._drain(sent)

    def close(self) -> None:
        """Wait for what is under way, then give all back: plan, buffers, streams.

        What is on a lost device goes with the process: pycuda aborts on an error while it frees.
        """
        try:
            with self._session.current():
                self._give_back()
        except DeviceLostError:
            keep_for_ever(self)

    def _give_back(self) -> None:
        for stream in (self._copying_in, self._computing, self._copying_out):
            stream.synchronize()
        self._execution.close()
        self._idle.clear()
        del stream, self._copying_in, self._computing, self._copying_out

    def _send(self, slot: Slot, batch: Batch) -> None:
        """Let a batch go its way in `slot`: each step waits, on the GPU, for the one before."""
        slot.fill(batch)
        with self._session.current() as cuda, self._lock:
            cuda.memcpy_htod_async(slot.device_in, slot.host_in, self._copying_in)
            slot.arrived.record(self._copying_in)
            self._computing.wait_for_event(slot.arrived)
            self._execution.enqueue(int(slot.device_in), int(slot.device_out), self._computing)
            slot.computed.record(self._computing)
            self._copying_out.wait_for_event(slot.computed)
            cuda.memcpy_dtoh_async(slot.host_out, slot.device_out, self._copying_out)
            slot.answered.record(self._copying_out)

    def _answer(self, sent: Sent) -> Batch:
        """Wait for a batch to be through, and return its answer where it lies."""
        with self._session.current():
            sent.slot.answered.synchronize()
        return sent.slot.host_out[: sent.images]

    def _drain(self, sent: Collection[Sent]) -> None:
        """Wait for what nobody wants any more: until it is through, its slots are not free."""
        with suppress(DeviceLostError):  # whoever sends next is told
            for each in sent:
                self._answer(each)
        for each in sent:
            self._take_back(each)

    def _take_back(self, sent: Sent) -> None:
        """Let the slot be used again: it was waited for, so nothing reads or writes it."""
        with self._lock:
            self._idle.append(sent.slot)

    def _free_slot(self) -> Slot:
        """Return a slot that nobody uses; of many threads at once each has its own."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._made()

    def _made(self) -> Slot:
        with self._session.current() as cuda:
            return make_slot(cuda, self._execution.takes, self._execution.gives)
