"""How EDSR and RDN enlarge: convolutions and pixel shuffles (Shi 2016)."""

import torch
from torch import Tensor, nn

SCALES = (2, 3, 4)


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    """Return a 3 x 3 convolution that keeps rows and columns."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def upsampler(features: int, scale: int) -> nn.Sequential:
    """Return what makes (n, features, h, w) into (n, features, scale h, scale w).

    Once 3, or once or twice 2: a convolution to scale^2 times the features and a pixel shuffle.
    """
    if scale not in SCALES:
        raise ValueError(f"scale {scale} is none of {SCALES}")
    layers: list[nn.Module] = []
    for step in (3,) if scale == 3 else (2,) * (scale // 2):  # noqa: PLR2004 - the scale itself
        layers += [conv3(features, step * step * features), nn.PixelShuffle(step)]
    return nn.Sequential(*layers)


class Residual(nn.Module):  # type: ignore[misc] # torch is an extra
    """A network that enlarges grey images, whose answer is added to each pixel repeated (Kim 2016).

    What it computes itself is then small, and so is what it loses by computing in bf16: without,
    that is half a grey level of 256, as much as rounding the answer to one.
    """

    def __init__(self, network: nn.Module, scale: int) -> None:
        super().__init__()
        self.network = network
        self.copies = scale * scale
        self.spread = nn.PixelShuffle(scale)

    def forward(self, batch: Tensor) -> Tensor:
        """Return the enlarged batch."""
        return self.network(batch) + self.repeated(batch)

    def repeated(self, batch: Tensor) -> Tensor:
        """Return each pixel scale x scale times."""
        return self.spread(torch.cat([batch] * self.copies, 1))
