"""Batches where a network is."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def tensor(batch: NDArray[np.float32], network: nn.Module) -> Tensor:
    """Return `batch` where the weights of `network` are."""
    there = next(network.parameters()).device
    return torch.from_numpy(batch).to(there).contiguous(memory_format=torch.channels_last)
