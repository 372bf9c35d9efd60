"""A GPU: what is known about it, and its context in whatever thread asks for it."""

import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from engines.engine import DeviceLostError, UnusableError
from engines.plans.manifest import Circumstances

if TYPE_CHECKING:
    from pycuda import driver

DRIVER_FILE = Path("/proc/driver/nvidia/version")
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Device:
    """What is known about a GPU; `memory` in bytes."""

    name: str
    capability: str = ""
    processors: int = 0
    memory: int = 0
    driver: str = ""
    cuda: str = ""

    @property
    def machine(self) -> str:
        """What a plan is built for: on anything else it does not load, or is slow."""
        if not self.processors:
            return self.name
        return f"{self.name}, compute capability {self.capability}, {self.processors} processors"

    @property
    def circumstances(self) -> Circumstances:
        """What may change under a plan."""
        memory = f"{self.memory / GIB:.0f} GiB" if self.memory else ""
        return Circumstances(driver=self.driver, cuda=self.cuda, memory=memory)


def load_cuda() -> ModuleType:
    """Return pycuda's driver module, initialised; never before a fork.

    Raises:
        UnusableError: pycuda is not installed, or there is no driver or no GPU.
    """
    try:
        cuda = importlib.import_module("pycuda.driver")
    except ImportError as error:
        raise UnusableError(f"no pycuda, or no NVIDIA driver ({error})") from error
    try:
        cuda.init()
    except cuda.Error as error:
        raise UnusableError(f"no NVIDIA GPU here ({error})") from error
    return cuda


def device_of(cuda: ModuleType, ordinal: int) -> Device:
    """Return what is known about the GPU of that number.

    Raises:
        UnusableError: there is none.
    """
    try:
        found = cuda.Device(ordinal)
        return Device(
            name=found.name(),
            capability=".".join(map(str, found.compute_capability())),
            processors=found.get_attribute(cuda.device_attribute.MULTIPROCESSOR_COUNT),
            memory=found.total_memory(),
            driver=driver_version(DRIVER_FILE),
            cuda=str(cuda.get_driver_version()),
        )
    except cuda.Error as error:
        raise UnusableError(f"no GPU number {ordinal} here ({error})") from error


def driver_version(path: Path) -> str:
    """Return the version in the driver's own words at `path`; nothing where there are none."""
    if not path.exists():
        return ""
    words = path.read_text(encoding="ascii", errors="replace").splitlines()[0].split()
    return next((word for word in words if word[0].isdigit() and "." in word), "")


class Session:
    """The primary context of one GPU, which this process shares with the CUDA runtime and PyTorch.

    Contexts are a matter of threads: whoever does anything on the GPU does it within `current`.
    The context stays with the process until its end. Letting go of a primary context, pycuda 2026.1
    leaves it current in the thread, or detaches it as one that is not primary.
    """

    def __init__(self, cuda: ModuleType, ordinal: int) -> None:
        self._cuda = cuda
        self._context: driver.Context = cuda.Device(ordinal).retain_primary_context()
        keep_for_ever(self._context)

    @contextmanager
    def current(self) -> Iterator[ModuleType]:
        """Make the GPU this thread's; gives pycuda's driver module.

        Raises:
            DeviceLostError: the GPU computes no more in this process.
            UnusableError: CUDA refuses, for want of memory or otherwise.
        """
        try:
            self._context.push()
            try:
                yield self._cuda
            finally:
                self._cuda.Context.pop()
        except self._cuda.Error as error:
            raise self.fault(str(error)) from error

    def fault(self, told: str) -> DeviceLostError | UnusableError:
        """Return the error for what CUDA or TensorRT told, by whether the GPU still works.

        After an illegal address, a failed launch, an ECC error or the like every call fails, until
        the process ends. So it is asked: what pycuda tells of an error is a text only.
        """
        try:
            self._context.push()
            try:
                self._cuda.Context.synchronize()
            finally:
                self._cuda.Context.pop()
        except self._cuda.Error as error:
            return DeviceLostError(f"the GPU is lost to this process: {error} (after: {told})")
        return UnusableError(f"CUDA: {told}")


def open_session(cuda: ModuleType, ordinal: int) -> Session:
    """Return a session on the GPU of that number.

    Raises:
        UnusableError: there is none, or it gives no context.
    """
    try:
        return Session(cuda, ordinal)
    except cuda.Error as error:
        raise UnusableError(f"GPU {ordinal} gives no context ({error})") from error


def keep_for_ever(thing: object) -> None:
    """Let `thing` never be destroyed, not even when the interpreter ends."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
