"""A plan on a GPU: it computes one window after another, between buffers that it is told."""

from typing import TYPE_CHECKING

from engines.backends.tensorrt.device import Session
from engines.backends.tensorrt.library import Library
from engines.engine import UnusableError

if TYPE_CHECKING:
    import tensorrt
    from pycuda import driver

Shape = tuple[int, ...]

LEAST_SCRATCH = 256
"""Bytes: CUDA allocates no nothing."""


class Execution:
    """A plan, loaded, with exactly the scratch memory that its window needs.

    All of it happens while its session is current.
    """

    def __init__(self, session: Session, library: Library, plan: bytes, window: Shape) -> None:
        self._session = session
        self._complaints = library.complaints
        self._complaints.forget()
        self._runtime = library.trt.Runtime(library.logger)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise UnusableError(f"TensorRT does not load the plan: {self._why()}")
        self._taken, self._given = self._ends(library)
        self._context = self._contexts(library, window)
        with session.current() as cuda:
            self._scratch = self._lend_scratch(cuda.mem_alloc)
        self.takes: Shape = window
        self.gives: Shape = tuple(self._context.get_tensor_shape(self._given))

    def enqueue(self, taken: int, given: int, stream: "driver.Stream") -> None:
        """Let `stream` compute from the device's address `taken` to `given`, when it comes to it.

        Raises:
            DeviceLostError: the GPU computes no more in this process.
            UnusableError: TensorRT refuses.
        """
        context = self._context
        context.set_tensor_address(self._taken, taken)
        context.set_tensor_address(self._given, given)
        if not context.execute_async_v3(stream.handle):
            raise self._session.fault(self._why())

    def close(self) -> None:
        """Give back what it holds, last made first; nothing of it may still be running."""
        del self._context
        del self._scratch
        del self._engine
        del self._runtime

    def _ends(self, library: Library) -> tuple[str, str]:
        """Return the names of input and output."""
        trt, engine = library.trt, self._engine
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        if any(engine.get_tensor_dtype(name) != trt.DataType.FLOAT for name in names):
            raise UnusableError("the plan does not take and give fp32")
        modes = [engine.get_tensor_mode(name) for name in names]
        if sorted(modes, key=int) != [trt.TensorIOMode.INPUT, trt.TensorIOMode.OUTPUT]:
            raise UnusableError(f"the plan has {len(names)} ends, not one input and one output")
        taken = modes.index(trt.TensorIOMode.INPUT)
        return names[taken], names[1 - taken]

    def _contexts(self, library: Library, window: Shape) -> "tensorrt.IExecutionContext":
        """Return a context for `window`, which brings no memory of its own."""
        strategy = library.trt.ExecutionContextAllocationStrategy.USER_MANAGED
        context = self._engine.create_execution_context(strategy)
        if context is None:
            raise self._session.fault(self._why())
        if not context.set_input_shape(self._taken, window):
            raise UnusableError(f"the plan does not take {window}: {self._why()}")
        if context.infer_shapes():
            raise UnusableError(f"the plan leaves its shapes open: {self._why()}")
        return context

    def _lend_scratch(self, allocate: "type[driver.DeviceAllocation]") -> "driver.DeviceAllocation":
        context = self._context
        size = max(context.update_device_memory_size_for_shapes(), LEAST_SCRATCH)
        scratch = allocate(size)
        context.set_device_memory(int(scratch), size)
        return scratch

    def _why(self) -> str:
        return self._complaints.summary()
