"""How many threads of the CPU PyTorch computes on, which it knows for the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def on_threads(wanted: int) -> Iterator[None]:
    """Let PyTorch use that many threads meanwhile (0: as many as it does)."""
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
