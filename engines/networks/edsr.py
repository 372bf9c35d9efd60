"""EDSR (Lim 2017), in the configuration of Jimenez-Gaona 2024, and its published baseline."""

from torch import Tensor, nn

from engines.networks.enlarge import conv3, upsampler


class ResidualBlock(nn.Module):  # type: ignore[misc] # torch is an extra
    """x + residual scaling * conv(relu(conv(x))); no batch normalisation (Lim 2017, 3.1)."""

    def __init__(self, filters: int, residual_scaling: float) -> None:
        super().__init__()
        self.body = nn.Sequential(conv3(filters, filters), nn.ReLU(), conv3(filters, filters))
        self.residual_scaling = residual_scaling

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, filters, h, w) for the same."""
        residual = self.body(x)
        if self.residual_scaling != 1:
            residual = residual * self.residual_scaling
        return x + residual


class EDSR(nn.Module):  # type: ignore[misc] # torch is an extra
    """Enlarge: (images, channels, rows, columns) to scale times rows and columns.

    B = 32 blocks, F = 256 filters, residual scaling 0.1 (Lim 2017, table 1). The baseline is 16
    blocks of 64 filters without scaling.
    """

    def __init__(
        self,
        scale: int = 3,
        blocks: int = 32,
        filters: int = 256,
        residual_scaling: float = 0.1,
        channels: int = 1,
    ) -> None:
        super().__init__()
        self.head = conv3(channels, filters)
        self.body = nn.Sequential(
            *(ResidualBlock(filters, residual_scaling) for _ in range(blocks)),
            conv3(filters, filters),
        )
        self.tail = nn.Sequential(upsampler(filters, scale), conv3(filters, channels))

    def forward(self, batch: Tensor) -> Tensor:
        """Return the enlarged batch."""
        x = self.head(batch)  # (n, F, h, w)
        return self.tail(x + self.body(x))  # (n, channels, scale h, scale w)
