"""A device that computes wrongly."""

from dataclasses import dataclass

from engines.engine import Engine


@dataclass(frozen=True)
class Flipped:
    """An engine that computes black for white."""

    inner: Engine
    backend: str = "flipped-fp32"

    @property
    def card(self):
        return self.inner.card

    def __call__(self, batch):
        return 1 - self.inner(batch)

    def close(self):
        self.inner.close()
