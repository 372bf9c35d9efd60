"""Which back ends there are on this machine, and why others are not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from engines.backends import onnxruntime, openvino
from engines.backends.tensorrt.target import no_gpu, tensorrt_state
from engines.engine import UnusableError
from engines.machine import gpus


@dataclass(frozen=True, slots=True)
class BackEnd:
    """A back end: ``ready`` with its version and precisions, or ``not here`` and why."""

    back_end: str
    device: str
    state: str
    why: str


def states() -> Iterator[BackEnd]:
    """Yield each back end, those that would be preferred first.

    It may initialise CUDA: never before a fork.
    """
    reason = tensorrt_state()
    yield BackEnd("tensorrt", "cuda", "not here" if reason else "ready", reason or "fp16 fp32")
    yield _asked("tensorrt-rtx", "cpu", lambda: f"{no_gpu().library.name}: builds, runs nothing")
    yield _asked("openvino", "cpu", openvino.state)
    yield _asked("onnxruntime", "cpu", lambda: f"{onnxruntime.state()}: the reference")
    yield _asked("torch", "cpu", _torch)
    yield _asked("torch", "cuda", _torch_on_gpu)


def _asked(back_end: str, device: str, state: Callable[[], str]) -> BackEnd:
    try:
        return BackEnd(back_end, device, "ready", state())
    except UnusableError as reason:
        return BackEnd(back_end, device, "not here", str(reason))


def _torch() -> str:
    try:
        return f"{version('torch')}, fp32 bf16 fp16"
    except PackageNotFoundError as error:
        raise UnusableError("not installed: pip install 'senoscope[train]'") from error


def _torch_on_gpu() -> str:
    there = gpus()
    if not there:
        raise UnusableError("no NVIDIA GPU here: no /dev/nvidia0")
    return f"{_torch()} on {', '.join(there)}"
