"""A card's graph in PyTorch, step by step."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engines.backends.torch.faults import translated
from engines.backends.torch.operators import LackingError
from engines.backends.torch.program import Program
from engines.backends.torch.reading import program
from engines.backends.torch.threads import on_threads
from engines.backends.trim import trimmed
from engines.card import Card, Precision
from engines.compile.inside import inside
from engines.compile.storing import read
from engines.engine import Batch

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

LOOK_AHEAD = 2
"""Batches under way on the device while the host makes the next."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A batch whose answer is on its way to the host's memory; `batch` is asked for its shape."""

    batch: Batch
    host: Tensor
    done: torch.cuda.Event

    def finished(self, card: Card) -> Batch:
        """Return the answer when it is there."""
        with translated():
            self.done.synchronize()
        return trimmed(self.host.numpy(), self.batch, card).copy()


class TorchEngine:
    """A card's graph in PyTorch; one batch at a time, of any shape that the network takes."""

    def __init__(self, card: Card, precision: Precision, device: str, threads: int) -> None:
        """Read the graph, try it on a window without values, and move its weights.

        Raises:
            LackingError: the graph needs what is not known here.
        """
        self.card = card
        self.backend = f"torch-{precision}"
        shelved = read(card.weights)
        made = program(inside(shelved, card.halo), TYPES[precision])
        _try(made, card)
        self._device, self._threads = torch.device(device), threads
        self._program = made.to(device)
        self._lock = threading.Lock()

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`; one call at a time."""
        with self._running():
            answer = self._run(_taken(batch))
            return trimmed(answer.cpu().numpy(), batch, self.card).copy()

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to each batch, in order.

        On a GPU the host makes the next batches meanwhile, and copies are not waited for.
        """
        if self._device.type == "cpu":
            yield from map(self, batches)
            return
        under_way: deque[_UnderWay] = deque()
        for batch in batches:
            under_way.append(self._started(batch))
            if len(under_way) > LOOK_AHEAD:
                yield under_way.popleft().finished(self.card)
        while under_way:
            yield under_way.popleft().finished(self.card)

    def close(self) -> None:
        """Give back the weights."""
        del self._program

    def _started(self, batch: Batch) -> "_UnderWay":
        with self._running():
            answer = self._run(_taken(batch).pin_memory())
            host = torch.empty(answer.shape, dtype=answer.dtype, pin_memory=True)
            host.copy_(answer, non_blocking=True)
            done = torch.cuda.Event()
            done.record()
            return _UnderWay(batch, host, done)

    def _run(self, batch: Tensor) -> Tensor:
        """Return the answer in fp32, on the device and perhaps not yet computed."""
        moved = batch.to(self._device, non_blocking=True).to(self._program.dtype)
        return self._program(moved).float().contiguous()

    @contextmanager
    def _running(self) -> Iterator[None]:
        """One call at a time, without gradients and without TF32, errors translated."""
        with ExitStack() as around:
            around.enter_context(self._lock)
            around.enter_context(translated())
            around.enter_context(torch.inference_mode())
            around.enter_context(on_threads(self._threads))
            if self._device.type == "cuda":
                around.enter_context(torch.cuda.device(self._device))
                around.enter_context(
                    torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)
                )
            yield


def _taken(batch: Batch) -> Tensor:
    """Return `batch` as a tensor, copied only where PyTorch cannot share it."""
    return torch.from_numpy(np.require(batch, np.float32, ["C", "W"]))


def _try(made: Program, card: Card) -> None:
    """Run the program on a window of shapes without values: nothing is computed.

    Raises:
        LackingError: an operator cannot do what it is asked to.
    """
    window = (1, *card.window[1:])
    try:
        made.to("meta")(torch.empty(window, dtype=made.dtype, device="meta"))
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise LackingError(str(error).strip().split("\n", 1)[0]) from error
