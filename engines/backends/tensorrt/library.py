"""TensorRT itself: imported late, and listened to."""

import importlib
import logging
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from engines.engine import UnusableError

if TYPE_CHECKING:
    import tensorrt

logger = logging.getLogger(__name__)

TENSORRT = "tensorrt"
ON_THE_CPU = "tensorrt_rtx"
"""Has the same interface, and builds, but does not run, where there is no GPU."""

MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Library:
    """A TensorRT module, and the logger that all its objects share: it takes but one.

    What the logger heard of errors is in `complaints`. TensorRT's own error recorders are not used:
    with one on a network, its parser crashes when it goes (seen in TensorRT-RTX 1.7.1).
    """

    trt: ModuleType
    logger: "tensorrt.ILogger"
    complaints: "Complaints"

    @property
    def measures(self) -> bool:
        """Whether it times tactics while it builds: on the CPU there is nothing to time."""
        return self.trt.__name__ != ON_THE_CPU

    @property
    def name(self) -> str:
        """The module and its version."""
        return f"{self.trt.__name__} {self.trt.__version__}"


@cache  # TensorRT keeps the first logger it is given as long as the process lives
def load_library(module: str) -> Library:
    """Return TensorRT; CUDA must have been initialised before it is asked to run anything.

    Raises:
        UnusableError: it is not installed, or a library that it needs is not.
    """
    try:
        trt = importlib.import_module(module)
    except (ImportError, OSError) as error:
        raise UnusableError(f"{module} is not installed ({error})") from error
    complaints = Complaints()
    return Library(trt, _listener(trt, complaints), complaints)


@dataclass(slots=True)
class Complaints:
    """What TensorRT reported as errors since it was last asked to do something."""

    told: list[str] = field(default_factory=list)

    def hear(self, message: str) -> None:
        """Take down one more."""
        if len(self.told) < MOST_KEPT:
            self.told.append(message.strip())

    def forget(self) -> None:
        """Begin anew."""
        self.told.clear()

    def summary(self) -> str:
        """Return the last of them: the ones before led to it."""
        return self.told[-1] if self.told else "it does not say why"


def _listener(trt: ModuleType, complaints: Complaints) -> "tensorrt.ILogger":
    """Return a logger that keeps errors: they are for whoever called, who is told by an exception.

    TensorRT calls it from threads of its own.
    """
    severity = trt.ILogger.Severity
    errors = (severity.INTERNAL_ERROR, severity.ERROR)

    class Listener(trt.ILogger):  # type: ignore[misc,name-defined] # imported late
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, grade: object, message: str) -> None:
            if grade in errors:
                complaints.hear(message)
            if grade != severity.VERBOSE:
                logger.debug("%s", message)

    return Listener()


def parse_faults(parser: "tensorrt.OnnxParser") -> list[str]:
    """Return what the parser did not understand: operator, node and reason of each."""
    faults = [parser.get_error(index) for index in range(parser.num_errors)]
    return [f"{fault.node_operator()} {fault.node_name()}: {fault.desc()}" for fault in faults]
