"""What an engine is."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.card import Card

Batch = NDArray[np.float32]
"""(images, channels, rows, columns); what a classifier answers is (images, classes)."""


class Engine(Protocol):
    """A network ready to run on this machine."""

    @property
    def card(self) -> Card:
        """What is known about its weights."""
        ...

    @property
    def backend(self) -> str:
        """Back end and numeric precision, such as ``openvino-bf16``."""
        ...

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`; may be called from any thread.

        The inside is what lies at least the card's halo from every edge: there, and only there,
        the answer does not depend on what is beyond the batch. So (images, channels, rows, columns)
        gives the card's scale times (rows - 2 halo, columns - 2 halo). A classifier gives
        (images, classes).
        """
        ...

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to each batch, in order; what is beyond a few batches is not asked for.

        A batch may be changed once the next is asked for, and so may an answer.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; it is not called again."""
        ...


class UnusableError(Exception):
    """This backend cannot open this card here; the message says why."""


class AnswerError(UnusableError):
    """An engine answers what its card does not say: another shape, or no number."""


class DeviceLostError(Exception):
    """The device computes no more in this process: only a new process can use it again."""
