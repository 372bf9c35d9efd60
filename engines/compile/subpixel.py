"""Deconvolution as a convolution: exactly equal, and much faster everywhere.

A deconvolution of stride s gives each input position s x s outputs. Each of these phases is an
ordinary convolution of the input; together they are one convolution to s x s channels, put in
their places by depth-to-space (pixel shuffle).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.fsrcnn import FSRCNN, SCALE

REACH = 2
"""Of the 9 x 9 deconvolution of stride 2 and padding 4: 2 input pixels to either side."""


def phase_weights(weight: Tensor) -> Tensor:
    """Return (4, channels, 5, 5) for a deconvolution's (channels, 1, 9, 9).

    Output 2i + a is the sum over j of input j times weight 2i + a + 4 - 2j; with j = i + u - 2 that
    is weight a + 8 - 2u, for u in 0..4. Differentiable: training runs in this form.
    """
    padded = functional.pad(weight[:, 0], (0, 1, 0, 1))  # the tap that phase 1 lacks is zero
    phases = [padded[:, a::SCALE, b::SCALE].flip(1, 2) for a in range(SCALE) for b in range(SCALE)]
    return torch.stack(phases)


class SubpixelFSRCNN(nn.Module):  # type: ignore[misc] # torch is an extra
    """FSRCNN with its deconvolution as a 5 x 5 convolution to 4 phases and depth-to-space."""

    def __init__(self, network: FSRCNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Tensor) -> Tensor:
        """Return the same as the network."""
        last = self.network.deconvolve
        bias = last.bias.repeat(SCALE * SCALE)
        phases = functional.conv2d(
            self.network.features(batch), phase_weights(last.weight), bias, padding=REACH
        )
        return functional.pixel_shuffle(phases, SCALE)
