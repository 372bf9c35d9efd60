"""Histograms of gradients: what a network that has few masses to learn from is taught besides.

They say which edges lie where (Dalal 2005), need no label, and a classifier of them alone tells
masses better than one that a convolutional network learns from the labels in the same time. To
answer them is how Wei 2022 teaches networks before they are shown labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CELLS = 8
"""Of a region, across and down."""

WAYS = 8
"""An edge may lie, whichever of its sides is the brighter."""

BLOCK = 2
"""Cells of a block, across and down, within which histograms are relative."""

COMPONENTS = 64
"""Of the histograms of a region that are kept."""

FLAT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """What the histograms of regions differ in most, scaled to variances of 1."""

    mean: Tensor
    axes: Tensor

    def of(self, batch: Tensor) -> Tensor:
        """Return (regions, COMPONENTS) of regions (regions, 1, rows, columns)."""
        there = batch.device
        made: Tensor = (histograms(batch) - self.mean.to(there)) @ self.axes.to(there)
        return made


def components(batches: Sequence[Tensor]) -> Components:
    """Return the principal components of the histograms of regions.

    Raises:
        ValueError: there are fewer regions than components.
    """
    found = torch.cat([histograms(one) for one in batches])
    if len(found) <= COMPONENTS:
        raise ValueError(f"{len(found)} regions are too few for {COMPONENTS} components")
    mean = found.mean(0)
    _, sizes, axes = torch.linalg.svd(found - mean, full_matrices=False)
    deviations = sizes[:COMPONENTS] / len(found) ** 0.5
    return Components(mean, axes[:COMPONENTS].T / deviations)


def histograms(batch: Tensor) -> Tensor:
    """Return (regions, values): in each cell how much edge lies in which way, block by block."""
    grey = batch.float()
    across = functional.pad(grey[..., 2:] - grey[..., :-2], (1, 1))
    down = functional.pad(grey[..., 2:, :] - grey[..., :-2, :], (0, 0, 1, 1))
    way = torch.remainder(torch.atan2(down, across) / torch.pi, 1) * WAYS
    apart = (way - torch.arange(WAYS, device=grey.device)[:, None, None]).abs()
    share = (1 - torch.minimum(apart, WAYS - apart)).clamp(min=0)
    edges = torch.hypot(down, across) * share  # (regions, WAYS, rows, columns)
    cells = functional.adaptive_avg_pool2d(edges, CELLS)
    blocks = functional.unfold(cells, BLOCK)  # (regions, values of a block, blocks)
    sizes = blocks.square().sum(1, keepdim=True).sqrt()
    return (blocks / (sizes + FLAT)).flatten(1)
