"""OpenVINO on the CPU: the engine of a machine without a GPU.

Latency mode, one window at a time on all threads. Padding is left out and the last convolution is
widened: the same answer for less work. For precision, the input is centred on zero and the answer
bounded to one range beyond the input's.
"""

import threading
from typing import TYPE_CHECKING

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from engines.backends.trim import trimmed
from engines.card import Card, Precision
from engines.compile.bound import bound
from engines.compile.centre import centre
from engines.compile.inside import inside
from engines.compile.widen import FOLD, widen
from engines.engine import Batch, UnusableError

if TYPE_CHECKING:
    import openvino

TYPES = {"fp32": "f32", "bf16": "bf16"}
"""OpenVINO's names of the precisions it is asked for here."""

CAPABILITIES = {"fp32": "FP32", "bf16": "BF16"}
"""What the device says it is capable of where it has them."""


class OpenVinoEngine:
    """A card's graph on OpenVINO: compiled for the card's window, anew for any other shape."""

    def __init__(
        self, card: Card, core: "openvino.Core", precision: Precision, threads: int
    ) -> None:
        self.card = card
        self.backend = f"openvino-{precision}"
        self._core = core
        self._settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": TYPES[precision],
        }
        self._model, self._middle = _prepared(card)
        self._lock = threading.Lock()
        self._window = (1, card.input.channels, card.tile, card.tile)
        self._request = self._compiled(self._window)

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`; one call at a time."""
        with self._lock:
            fits = batch.shape == self._window
            request = self._request if fits else self._compiled(batch.shape)
            centred = batch - self._middle
            answer = request.infer({0: centred}, share_inputs=True, share_outputs=True)[0]
            return trimmed(answer, batch, self.card).copy()

    def close(self) -> None:
        """Give back the compiled graph and its threads."""
        del self._request, self._core

    def _compiled(self, shape: tuple[int, ...]) -> "openvino.InferRequest":
        foldable = all(side % FOLD == 0 for side in shape[2:])
        model = widen(self._model) if foldable else self._model
        low, high = self.card.input.range
        model = bound(model, 2 * low - high, 2 * high - low)
        graph = self._core.read_model(model.SerializeToString())
        graph.reshape({0: list(shape)})
        return self._core.compile_model(graph, "CPU", self._settings).create_infer_request()


def _prepared(card: Card) -> tuple[onnx.ModelProto, np.float32]:
    """Return the card's graph without padding, and what is to be subtracted from its input."""
    shelved = onnx.load_model(card.weights)
    bare = inside(shelved, card.halo)
    if bare is shelved:  # padded: zeros must stay zeros
        return shelved, np.float32(0)
    middle = sum(card.input.range) / 2
    return centre(bare, middle), np.float32(middle)


def open_openvino(card: Card, precision: Precision = "fp32", threads: int = 0) -> OpenVinoEngine:
    """Return an engine on OpenVINO in that precision, on that many threads (0: all there are).

    Raises:
        UnusableError: OpenVINO is not installed, this CPU lacks the precision, or it cannot
            compile the graph.
    """
    try:
        import openvino  # noqa: PLC0415 - an extra, and it starts threads
    except ImportError as error:
        raise UnusableError(f"not installed ({error})") from error
    core = openvino.Core()
    if CAPABILITIES.get(precision) not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise UnusableError(f"this CPU has no {precision}")
    try:
        return OpenVinoEngine(card, core, precision, threads)
    except (OSError, RuntimeError, DecodeError) as error:
        reason = str(error).strip().splitlines()[-1]  # the ones before say where in OpenVINO
        raise UnusableError(f"cannot compile {card.weights}: {reason}") from error
