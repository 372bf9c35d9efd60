"""Engines that say how long they take."""

import time
from collections.abc import Callable, Iterable, Iterator

from engines.engine import Batch, Engine


class Timed:
    """An engine that tells `note` its name, its back end and the seconds of each answer."""

    def __init__(self, engine: Engine, note: Callable[[str, str, float], None]) -> None:
        self.card, self.backend = engine.card, engine.backend
        self._engine = engine
        self._note = note

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`."""
        began = time.perf_counter()
        answer = self._engine(batch)
        self._note(self.card.name, self.backend, time.perf_counter() - began)
        return answer

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to each batch; what the asker does between two is not counted."""
        answers, seconds = self._engine.stream(batches), 0.0
        while True:
            began = time.perf_counter()
            answer = next(answers, None)
            seconds += time.perf_counter() - began
            if answer is None:
                break
            yield answer
        self._note(self.card.name, self.backend, seconds)

    def close(self) -> None:
        """Leave the engine open: it is the worker's."""
