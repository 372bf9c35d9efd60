"""PyTorch: a GPU without TensorRT, or a CPU; an extra, imported when an engine is opened."""

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from engines.card import Card, Precision
from engines.engine import UnusableError

if TYPE_CHECKING:
    from engines.backends.torch.engine import TorchEngine


def open_torch(
    card: Card, precision: Precision = "fp32", device: str = "cpu", threads: int = 0
) -> "TorchEngine":
    """Return an engine in PyTorch on that device (``cpu``, ``cuda:0``).

    `threads` are those of the CPU; 0: as many as PyTorch takes.

    Raises:
        UnusableError: PyTorch is not installed, there is no such device, or the graph has what is
            not known here.
        DeviceLostError: the device has failed.
    """
    try:
        import torch  # noqa: PLC0415 - an extra, and slow to import

        from engines.backends.torch import engine, faults, operators  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise UnusableError(f"not installed ({error})") from error
    if device != "cpu" and device not in _gpus(torch.cuda.device_count()):
        raise UnusableError(f"PyTorch {torch.__version__} sees no device {device!r} here")
    try:
        with faults.translated():
            return engine.TorchEngine(card, precision, device, threads)
    except (OSError, DecodeError, operators.LackingError) as error:
        raise UnusableError(f"cannot run {card.weights}: {error}") from error


def _gpus(number: int) -> set[str]:
    return {"cuda", *(f"cuda:{index}" for index in range(number))} if number else set()
