"""A GPU that puts everything off: stands in for pycuda and TensorRT's runtime, to test scheduling.

Each operation runs as late as its dependencies allow, or at a random moment between. So an event
that is not waited for, or a buffer that is used again too early, shows as a wrong answer.
"""

import random
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from types import SimpleNamespace

import numpy as np

from engines.backends.tensorrt.library import Complaints, Library


class Operation:
    """Something that a stream will do once what it depends on is done."""

    def __init__(self, deed: Callable[[], object], after: list["Operation"]) -> None:
        self.deed, self.after, self.is_done = deed, after, False

    def force(self) -> None:
        if not self.is_done:
            self.is_done = True
            for each in self.after:
                each.force()
            self.deed()


@dataclass
class Gpu:
    """The fake's memory, what happened on it, and what is to go wrong.

    `network` is what a plan computes; `deaf` the numbers of streams, in the order in which they
    were made, that do not wait for events.
    """

    takes: tuple
    network: Callable[[np.ndarray], np.ndarray]
    is_late: bool = True
    seed: int = 0
    deaf: tuple = ()
    is_impatient: bool = False
    is_lost: bool = False
    refuses: str = ""
    memory: int = 2**30
    contents: dict = field(default_factory=dict)
    operations: list = field(default_factory=list)
    streams: list = field(default_factory=list)
    gone: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    next_address: int = 4096
    used: int = 0
    pushes: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.random = random.Random(self.seed)  # noqa: S311 - no secret
        self.thread = threading.local()
        self.cuda = cuda_of(self)
        self.trt = tensorrt_of(self)
        self.library = Library(self.trt, None, Complaints())

    @property
    def stack(self) -> list:
        """The contexts that this thread has pushed."""
        return self.thread.__dict__.setdefault("stack", [])

    def check(self) -> None:
        """Refuse what is asked without a context, or after an error that sticks."""
        if not self.stack:
            raise self.cuda.Error("invalid device context")
        if self.is_lost:
            raise self.cuda.Error("an illegal memory access was encountered")

    def freed(self, what: str) -> None:
        """Note that something was given back, and whether its context was there."""
        if not self.stack:
            self.faults.append(f"{what} was freed without a context")
        self.gone.append(what)

    def later(self, stream: "FakeStream", deed: Callable[[], object]) -> Operation:
        with self.lock:
            operation = Operation(deed, [*stream.last, *stream.awaited])
            stream.awaited, stream.last = [], [operation]
            self.operations.append(operation)
            if not self.is_late and self.random.random() < 0.3:
                self.random.choice(self.operations).force()
            return operation


class FakeStream:
    def __init__(self, gpu: Gpu, flags: int) -> None:
        gpu.check()
        assert flags == 1, "a stream that waits for the default stream"
        self.gpu, self.last, self.awaited = gpu, [], []
        self.handle = len(gpu.streams)
        itself = weakref.ref(self)  # it must be gone when nobody holds it
        gpu.streams.append(lambda deed: gpu.later(itself(), deed))

    def wait_for_event(self, event: "FakeEvent") -> None:
        self.gpu.check()
        if self.handle not in self.gpu.deaf:
            self.awaited += event.marks

    def synchronize(self) -> None:
        self.gpu.check()
        with self.gpu.lock:
            for operation in self.last:
                operation.force()

    def __del__(self) -> None:
        self.gpu.freed("stream")


class FakeEvent:
    def __init__(self, gpu: Gpu, flags: int) -> None:
        gpu.check()
        assert flags & 2, "an event that takes the time"
        self.gpu, self.marks = gpu, []

    def record(self, stream: FakeStream) -> None:
        self.gpu.check()
        self.marks = [self.gpu.later(stream, lambda: None)]

    def synchronize(self) -> None:
        self.gpu.check()
        if not self.gpu.is_impatient:
            with self.gpu.lock:
                for mark in self.marks:
                    mark.force()

    def __del__(self) -> None:
        self.gpu.freed("event")


class FakeAllocation:
    def __init__(self, gpu: Gpu, size: int) -> None:
        gpu.check()
        if gpu.used + size > gpu.memory:
            raise gpu.cuda.MemoryError("cuMemAlloc failed: out of memory")
        gpu.used += size
        self.gpu, self.size, self.address = gpu, size, gpu.next_address
        gpu.next_address += (size + 511) // 256 * 256
        gpu.contents[self.address] = np.full(size // 4, np.nan, np.float32)

    def __int__(self) -> int:
        return self.address

    def __del__(self) -> None:
        if hasattr(self, "address"):
            self.gpu.used -= self.size
            self.gpu.freed("memory")


class FakeContext:
    """The primary context; the stack of those that are pushed is each thread's own."""

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu

    def push(self) -> None:
        self.gpu.stack.append(self)
        self.gpu.pushes += 1
        if self.gpu.is_lost:
            self.gpu.stack.pop()
            raise self.gpu.cuda.Error("an illegal memory access was encountered")

    def __del__(self) -> None:
        self.gpu.faults.append("the primary context was let go")


def cuda_of(gpu: Gpu) -> SimpleNamespace:
    """Return what `pycuda.driver` would be."""

    class Error(Exception):
        pass

    def pop() -> None:
        gpu.stack.pop()
        if gpu.is_lost:
            raise Error("an illegal memory access was encountered")

    def pagelocked_empty(shape: tuple, dtype: type) -> np.ndarray:
        gpu.check()
        return np.full(shape, np.nan, dtype)

    def to_device(there: FakeAllocation, here: np.ndarray, stream: FakeStream) -> None:
        gpu.check()
        contents = gpu.contents[int(there)]
        gpu.later(stream, lambda: np.copyto(contents, here.ravel()))

    def to_host(here: np.ndarray, there: FakeAllocation, stream: FakeStream) -> None:
        gpu.check()
        contents = gpu.contents[int(there)]
        gpu.later(stream, lambda: np.copyto(here, contents.reshape(here.shape)))

    return SimpleNamespace(
        Error=Error,
        MemoryError=type("MemoryError", (Error,), {}),
        Context=SimpleNamespace(pop=pop, synchronize=gpu.check),
        Device=lambda _: SimpleNamespace(retain_primary_context=partial(FakeContext, gpu)),
        Stream=partial(FakeStream, gpu),
        Event=partial(FakeEvent, gpu),
        event_flags=SimpleNamespace(DISABLE_TIMING=2, BLOCKING_SYNC=1),
        mem_alloc=partial(FakeAllocation, gpu),
        pagelocked_empty=pagelocked_empty,
        memcpy_htod_async=to_device,
        memcpy_dtoh_async=to_host,
    )


class Mode(IntEnum):
    NONE, INPUT, OUTPUT = range(3)


class FakeObject:
    """Something of TensorRT's that must be given back in order."""

    name = ""

    def __init__(self, gpu: Gpu) -> None:
        gpu.check()
        self.gpu = gpu

    def __del__(self) -> None:
        self.gpu.freed(self.name)


class FakeExecutionContext(FakeObject):
    name = "execution context"

    def __init__(self, gpu: Gpu) -> None:
        super().__init__(gpu)
        self.addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple) -> bool:
        return name == "x" and shape == self.gpu.takes

    def infer_shapes(self) -> list:
        return []

    def update_device_memory_size_for_shapes(self) -> int:
        return 1000

    def set_device_memory(self, address: int, size: int) -> None:
        assert address in self.gpu.contents
        assert size == 1000

    def get_tensor_shape(self, name: str) -> tuple:
        takes = self.gpu.takes
        return takes if name == "x" else self.gpu.network(np.zeros(takes)).shape

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        gpu = self.gpu
        if gpu.refuses:
            gpu.library.complaints.hear(gpu.refuses)
            return False
        taken, given = (gpu.contents[self.addresses[name]] for name in "xy")
        gpu.streams[stream](lambda: np.copyto(given, gpu.network(taken.reshape(gpu.takes)).ravel()))
        return True


class FakePlan(FakeObject):
    name = "engine"
    num_io_tensors = 2

    def get_tensor_name(self, index: int) -> str:
        return "yx"[index]

    def get_tensor_mode(self, name: str) -> Mode:
        return Mode.INPUT if name == "x" else Mode.OUTPUT

    def get_tensor_dtype(self, _: str) -> str:
        return "float"

    def create_execution_context(self, strategy: str) -> FakeExecutionContext:
        assert strategy == "user managed"
        return FakeExecutionContext(self.gpu)


class FakeRuntime(FakeObject):
    name = "runtime"

    def deserialize_cuda_engine(self, plan: bytes) -> FakePlan | None:
        if plan == b"a plan":
            return FakePlan(self.gpu)
        self.gpu.library.complaints.hear("Error Code 1: magic tag does not match")
        return None


def tensorrt_of(gpu: Gpu) -> SimpleNamespace:
    """Return what `tensorrt` would be, as far as a plan is run."""
    return SimpleNamespace(
        __name__="fake",
        __version__="1.0",
        TensorIOMode=Mode,
        DataType=SimpleNamespace(FLOAT="float"),
        ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED="user managed"),
        Runtime=lambda _: FakeRuntime(gpu),
    )
