"""A card's network on TensorRT."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from engines.backends.tensorrt.runner import DEPTH, Runner
from engines.backends.trim import trimmed
from engines.card import Card
from engines.engine import Batch


@dataclass(frozen=True, slots=True)
class TensorRtEngine:
    """A plan that runs, for windows of the card's side; see `engines.engine.Engine`."""

    card: Card
    backend: str
    runner: Runner

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`, of any number of images.

        Raises:
            DeviceLostError: the GPU computes no more in this process.
            UnusableError: CUDA or TensorRT refuses.
            ValueError: the images are not of the card's window.
        """
        (answer,) = (answer.copy() for answer in self.stream([batch]))
        return answer

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to the inside of each batch, in order; raises as calling it does.

        An answer is good until the next is asked for.
        """
        counts: deque[int] = deque()
        with closing(self.runner.stream(self._parts(batches, counts))) as answers:
            for answer in answers:
                parts = counts.popleft()
                if parts == 1:
                    yield trimmed(answer, self._window, self.card)
                    continue
                rest = (next(answers) for _ in range(parts - 1))
                whole = [answer.copy(), *(part.copy() for part in rest)]
                yield trimmed(np.concatenate(whole), self._window, self.card)

    def warm_up(self) -> None:
        """Run a few windows of zeros: the first are slow, and a plan that does not run fails."""
        zeros = np.zeros(self.runner.takes, np.float32)
        for _ in self.runner.stream([zeros] * DEPTH):
            pass

    def close(self) -> None:
        """Give back the plan, GPU memory and pinned memory."""
        self.runner.close()

    def _parts(self, batches: Iterable[Batch], counts: deque[int]) -> Iterator[Batch]:
        """Yield each batch in parts of at most a window, and count them."""
        most = self.runner.takes[0]
        for batch in batches:
            if batch.shape[1:] != self.runner.takes[1:]:
                raise ValueError(f"{self.backend} takes {self.runner.takes}, not {batch.shape}")
            counts.append(max(1, math.ceil(len(batch) / most)))
            for part in range(counts[-1]):
                yield batch[part * most : (part + 1) * most]

    @property
    def _window(self) -> Batch:
        """What `trimmed` wants to know the shape of."""
        return np.broadcast_to(np.float32(0), self.runner.takes)
