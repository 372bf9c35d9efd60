"""ONNX Runtime on the CPU: the reference, slow and plain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engines.backends.trim import trimmed
from engines.card import Card
from engines.engine import Batch, UnusableError

if TYPE_CHECKING:
    import onnxruntime


BACKEND = "onnxruntime-fp32"


@dataclass(frozen=True, slots=True)
class ReferenceEngine:
    """A card's graph as it is, in fp32."""

    card: Card
    session: Any
    backend: str = BACKEND

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`."""
        answer = self.session.run(None, {self.session.get_inputs()[0].name: batch})[0]
        return trimmed(answer, batch, self.card)

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to each batch, one after the other."""
        return map(self, batches)

    def close(self) -> None:
        """Give back nothing: the session goes with the engine."""


def open_reference(card: Card, threads: int = 0) -> ReferenceEngine:
    """Return an engine on ONNX Runtime, on that many threads (0: all there are).

    Raises:
        UnusableError: ONNX Runtime is not installed or cannot read the graph.
    """
    _onnxruntime()
    from onnxruntime.capi import onnxruntime_pybind11_state as faults  # noqa: PLC0415 - an extra

    try:
        return ReferenceEngine(card, _session(card, threads))
    except (
        OSError,
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.NotImplemented,
    ) as error:
        raise UnusableError(f"cannot read {card.weights}: {error}") from error


def state() -> str:
    """Return ONNX Runtime's version and precision.

    Raises:
        UnusableError: ONNX Runtime is not installed.
    """
    return f"{_onnxruntime().__version__}, fp32"


def _session(card: Card, threads: int) -> "onnxruntime.InferenceSession":
    runtime = _onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # memory that is not used is given back
    return runtime.InferenceSession(
        card.weights.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def _onnxruntime() -> Any:  # noqa: ANN401 - a module
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise UnusableError(f"not installed ({error})") from error
    return onnxruntime
