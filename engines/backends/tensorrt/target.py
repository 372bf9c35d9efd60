"""What plans are built for: a GPU of this machine, or none, to see that they can be built."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import ModuleType

from engines.backends.tensorrt.build import BuildSpec
from engines.backends.tensorrt.device import Device, Session, device_of, load_cuda, open_session
from engines.backends.tensorrt.graph import SCHEMA
from engines.backends.tensorrt.library import ON_THE_CPU, TENSORRT, Library, load_library
from engines.card import Card, Precision
from engines.engine import UnusableError
from engines.plans.manifest import Fingerprint

NO_GPU = Device("none")


@dataclass(frozen=True, slots=True)
class Target:
    """A TensorRT and the GPU that it builds for; without `session` there is none."""

    library: Library
    device: Device
    session: Session | None

    def current(self) -> AbstractContextManager[ModuleType | None]:
        """Make the GPU this thread's while a plan is built."""
        return self.session.current() if self.session else nullcontext()

    def fingerprint(self, card: Card, precision: Precision) -> Fingerprint:
        """Return what must be equal for a plan to be that of `card` in `precision` here."""
        spec = BuildSpec(card.window)
        return Fingerprint(
            name=card.name,
            version=card.version,
            backend=f"tensorrt-{precision}",
            weights=card.sha256,
            window=card.window,
            library=self.library.name,
            machine=self.device.machine,
            recipe=f"graph {SCHEMA}, halo {card.halo}, {spec.recipe}",
        )


def gpu(ordinal: int) -> Target:
    """Return the GPU of that number. It initialises CUDA: never before a fork.

    Raises:
        UnusableError: TensorRT, pycuda or the GPU is missing; the message says which.
    """
    cuda = load_cuda()  # without a driver TensorRT does not fail, it crashes
    library = load_library(TENSORRT)
    return Target(library, device_of(cuda, ordinal), open_session(cuda, ordinal))


def no_gpu() -> Target:
    """Return TensorRT-RTX on the CPU: it proves that a graph can be built, and runs nothing.

    Raises:
        UnusableError: it is not installed.
    """
    return Target(load_library(ON_THE_CPU), NO_GPU, None)


def tensorrt_state(ordinal: int = 0) -> str | None:
    """Return why TensorRT cannot be used on that GPU here, None if it can.

    It initialises CUDA: never before a fork.
    """
    try:
        device_of(load_cuda(), ordinal)
        load_library(TENSORRT)
    except UnusableError as reason:
        return str(reason)
    return None
