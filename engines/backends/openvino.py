"""OpenVINO on the CPU: the engine of a machine without a GPU.

Latency mode, one batch at a time on all threads: two batches at a time on one thread each are no
faster. Of a chain of convolutions, padding is left out and the last convolution is widened: the
same answer for less work. For precision, its input is centred on zero; and what enlarges images has
its answer bounded, far beyond what it gives.
"""

import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from engines.backends.trim import trimmed
from engines.card import Card, Precision
from engines.compile.bound import bound
from engines.compile.centre import centre
from engines.compile.inside import inside
from engines.compile.storing import read
from engines.compile.widen import fits, widen
from engines.engine import Batch, UnusableError

if TYPE_CHECKING:
    import openvino

TYPES = {"fp32": "f32", "bf16": "bf16"}
"""OpenVINO's names of the precisions it is asked for here."""

CAPABILITIES = {"fp32": "FP32", "bf16": "BF16"}
"""What the device says it is capable of where it has them."""

SHAPES = 3
"""Of batches that it stays compiled for."""

FAR = 1000
"""Ranges of the input that lie between it and the bounds on the answer."""


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
        self._compiled = lru_cache(SHAPES)(self._compile)
        self._compiled(card.window)

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`; one call at a time."""
        with self._lock:
            request = self._compiled(batch.shape)
            centred = batch - self._middle
            answer = request.infer({0: centred}, share_inputs=True, share_outputs=True)[0]
            return trimmed(answer, batch, self.card).copy()

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to each batch, one after the other."""
        return map(self, batches)

    def close(self) -> None:
        """Give back the compiled graphs and their threads."""
        self._compiled.cache_clear()
        del self._model, self._core

    def _compile(self, shape: tuple[int, ...]) -> "openvino.InferRequest":
        """Return what runs batches of that shape; in the wide form where that fits."""
        graph, wide = self._read(self._model, shape), widen(self._model)
        if wide is not self._model and fits(wide, *graph.output(0).shape[2:]):
            graph = self._read(wide, shape)
        return self._core.compile_model(graph, "CPU", self._settings).create_infer_request()

    def _read(self, model: onnx.ModelProto, shape: tuple[int, ...]) -> "openvino.Model":
        if self.card.task == "super-resolution":
            low, high = self.card.input.range
            model = bound(model, low - FAR * (high - low), high + FAR * (high - low))
        graph = self._core.read_model(model.SerializeToString())
        graph.reshape({0: list(shape)})
        return graph


def _prepared(card: Card) -> tuple[onnx.ModelProto, np.float32]:
    """Return the card's graph without padding, and what is to be subtracted from its input."""
    shelved = read(card.weights)
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
    core = _core()
    if precision not in _precisions(core):
        raise UnusableError(f"this CPU has no {precision}")
    try:
        return OpenVinoEngine(card, core, precision, threads)
    except (OSError, RuntimeError, DecodeError) as error:
        *_, reason = str(error).strip().splitlines() or [
            type(error).__name__
        ]  # the ones before say where in OpenVINO
        raise UnusableError(f"cannot compile {card.weights}: {reason}") from error


def state() -> str:
    """Return OpenVINO's version and the precisions that it has here.

    Raises:
        UnusableError: OpenVINO is not installed.
    """
    precisions = _precisions(_core())
    return f"{version('openvino')}, {' '.join(precisions)}"


def _core() -> "openvino.Core":
    try:
        import openvino  # noqa: PLC0415 - an extra, and it starts threads
    except ImportError as error:
        raise UnusableError(f"not installed ({error})") from error
    return openvino.Core()


def _precisions(core: "openvino.Core") -> list[str]:
    there = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return [precision for precision, name in CAPABILITIES.items() if name in there]
