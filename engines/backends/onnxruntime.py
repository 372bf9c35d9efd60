"""ONNX Runtime on the CPU: the reference, slow and plain."""

from dataclasses import dataclass
from typing import Any

from engines.backends.trim import trimmed
from engines.card import Card
from engines.engine import Batch, UnusableError


@dataclass(frozen=True, slots=True)
class ReferenceEngine:
    """A card's graph as it is, in fp32."""

    card: Card
    session: Any
    backend: str = "onnxruntime-fp32"

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`."""
        answer = self.session.run(None, {self.session.get_inputs()[0].name: batch})[0]
        return trimmed(answer, batch, self.card)

    def close(self) -> None:
        """Give back nothing: the session goes with the engine."""


def open_reference(card: Card, threads: int = 0) -> ReferenceEngine:
    """Return an engine on ONNX Runtime, on that many threads (0: all there are).

    Raises:
        UnusableError: ONNX Runtime is not installed or cannot read the graph.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, and slow to import
        from onnxruntime.capi import onnxruntime_pybind11_state as faults  # noqa: PLC0415
    except ImportError as error:
        raise UnusableError(f"not installed ({error})") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(
            card.weights.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except (
        OSError,
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.NotImplemented,
    ) as error:
        raise UnusableError(f"cannot read {card.weights}: {error}") from error
    return ReferenceEngine(card, session)
