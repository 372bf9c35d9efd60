"""Deconvolution as a convolution: exactly equal, and much faster everywhere.

A deconvolution of stride s gives each input position s x s outputs. Each of these phases is an
ordinary convolution of the input; together they are one convolution to s x s channels, put in
their places by depth-to-space (pixel shuffle).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.fsrcnn import FSRCNN


@dataclass(frozen=True, slots=True)
class Phases:
    """The convolution that a deconvolution comes to.

    `weight` is (outputs s s, inputs, k, k), channel (o s + a) s + b for the phase (a, b) of output
    o; `before` and `after` are the padding on the sides.
    """

    weight: Tensor
    before: int
    after: int


def phases(weight: Tensor, stride: int, padding: int) -> Phases:
    """Return the convolution for a square deconvolution's (inputs, outputs, k, k).

    Output s i + a is the sum over j of input j times weight s i + a + p - s j, so that input
    i + m meets weight a + p - s m. Differentiable: training runs in this form.
    """
    size = weight.shape[-1]
    first = -((size - 1 - padding) // stride)  # the least m with a + p - s m < k, for a = 0
    last = (stride - 1 + padding) // stride  # the greatest with a + p - s m >= 0, for a = s - 1
    reach = last - first + 1
    # pad so that phase a is every s-th tap from the same place, then run through them backwards
    low = stride * last - padding
    high = stride * reach - low - size
    padded = functional.pad(weight, (low, high, low, high))
    taps = [padded[:, :, a::stride, b::stride] for a in range(stride) for b in range(stride)]
    kernel = torch.stack(taps, 2).flip(3, 4)  # (inputs, outputs, s s, k', k')
    return Phases(kernel.flatten(1, 2).transpose(0, 1), -first, last)


def fits(layer: nn.ConvTranspose2d) -> bool:
    """Return whether `layer` gives exactly stride times its input's sides, and `phases` holds."""
    size, stride, padding, extra = (
        pair[0] for pair in (layer.kernel_size, layer.stride, layer.padding, layer.output_padding)
    )
    square = all(
        len(set(pair)) == 1
        for pair in (layer.kernel_size, layer.stride, layer.padding, layer.output_padding)
    )
    plain = layer.groups == 1 and layer.dilation == (1, 1)
    return square and plain and size - 2 * padding + extra == stride


class SubpixelFSRCNN(nn.Module):  # type: ignore[misc] # torch is an extra
    """FSRCNN with its deconvolution as a 5 x 5 convolution to 4 phases and depth-to-space."""

    def __init__(self, network: FSRCNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Tensor) -> Tensor:
        """Return the same as the network."""
        last = self.network.deconvolve
        (stride, _), (padding, _) = last.stride, last.padding
        made = phases(last.weight, stride, padding)
        bias = last.bias.repeat_interleave(stride * stride)
        answer = functional.conv2d(
            self.network.features(batch), made.weight, bias, padding=made.before
        )
        return functional.pixel_shuffle(answer, stride)
