"""RDN (Zhang 2018), the SR-RDN of Jimenez-Gaona 2024."""

import torch
from torch import Tensor, nn

from engines.networks.enlarge import conv3, upsampler


class ResidualDenseBlock(nn.Module):  # type: ignore[misc] # torch is an extra
    """C layers, each fed with all before it; local fusion by 1 x 1; and the block's input added.

    Zhang 2018, 3.2: F_d = F_(d-1) + H_LFF([F_(d-1), F_(d,1), ..., F_(d,C)]).
    """

    def __init__(self, c: int, g: int, g0: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(conv3(g0 + i * g, g), nn.ReLU()) for i in range(c)
        )
        self.fuse = nn.Conv2d(g0 + c * g, g0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, G0, h, w) for the same."""
        features = x
        for layer in self.layers:
            features = torch.cat([features, layer(features)], 1)  # G more channels
        return x + self.fuse(features)


class RDN(nn.Module):  # type: ignore[misc] # torch is an extra
    """Enlarge: (images, channels, rows, columns) to scale times rows and columns.

    D = 16 blocks of C = 8 layers of growth rate G = 64, G0 = 64 features between them.
    """

    def __init__(
        self, scale: int = 4, d: int = 16, c: int = 8, g: int = 64, g0: int = 64, channels: int = 1
    ) -> None:  # fmt: skip
        super().__init__()
        self.shallow1 = conv3(channels, g0)
        self.shallow2 = conv3(g0, g0)
        self.blocks = nn.ModuleList(ResidualDenseBlock(c, g, g0) for _ in range(d))
        self.fuse = nn.Sequential(nn.Conv2d(d * g0, g0, 1), conv3(g0, g0))
        self.up = nn.Sequential(upsampler(g0, scale), conv3(g0, channels))

    def forward(self, batch: Tensor) -> Tensor:
        """Return the enlarged batch."""
        first = self.shallow1(batch)  # F_-1: (n, G0, h, w)
        x = self.shallow2(first)  # F_0
        local = []  # F_1 ... F_D
        for block in self.blocks:
            x = block(x)
            local.append(x)
        dense = first + self.fuse(torch.cat(local, 1))  # F_DF, global feature fusion
        return self.up(dense)  # (n, channels, scale h, scale w)
