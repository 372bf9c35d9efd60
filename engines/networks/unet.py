"""U-Net (Ronneberger 2015), padded so that the answer is as large as the question."""

import torch
from torch import Tensor, nn

LEVELS = 5


def double_conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each followed by a ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(),
    )


class UNet(nn.Module):  # type: ignore[misc] # torch is an extra
    """Tell each pixel's classes: (images, channels, rows, columns) to (images, classes, ...).

    Rows and columns must be multiples of 16. Widths are w, 2w, 4w, 8w, 16w; w = 64 as published.
    """

    def __init__(self, width: int = 64, channels: int = 1, classes: int = 1) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS)]
        self.down = nn.ModuleList(
            double_conv(a, b) for a, b in zip([channels, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        rising = list(zip(widths[:0:-1], widths[-2::-1], strict=True))  # (16w, 8w) ... (2w, w)
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in rising)
        self.merge = nn.ModuleList(double_conv(a, b) for a, b in rising)
        self.last = nn.Conv2d(width, classes, 1)
        self.answer = nn.Sigmoid()
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # Ronneberger 2015, section 3
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities."""
        return self.answer(self.logits(batch))

    def logits(self, batch: Tensor) -> Tensor:
        """Return what the sigmoid is given."""
        x, skipped = self.down[0](batch), []
        for block in list(self.down)[1:]:
            skipped.append(x)
            x = block(self.pool(x))  # half the side, twice the width
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([skipped.pop(), up(x)], 1))
        return self.last(x)  # (n, classes, h, w)
