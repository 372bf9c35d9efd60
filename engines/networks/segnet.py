"""SegNet (Badrinarayanan 2017): VGG-16's 13 convolutions, and back by the pooling indices."""

from itertools import pairwise

from torch import Tensor, nn

ENCODER = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""(convolutions, filters) of each stage, as published: WIDTH wide."""

WIDTH = 64


def conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3 x 3 convolution with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def stage(widths: list[int]) -> nn.Sequential:
    """Return convolutions from each width to the next."""
    return nn.Sequential(*(conv(a, b) for a, b in pairwise(widths)))


class SegNet(nn.Module):  # type: ignore[misc] # torch is an extra
    """Tell each pixel's classes: (images, channels, rows, columns) to (images, classes, ...).

    Rows and columns must be multiples of 32. Filters are `width`, twice, four times, eight times
    and eight times that; 64 as published. The decoder mirrors the encoder; each of its stages
    puts values back where the encoder's pooling took its maxima from.
    """

    def __init__(self, channels: int = 1, classes: int = 1, width: int = WIDTH) -> None:
        super().__init__()
        stages = [(count, filters * width // WIDTH) for count, filters in ENCODER]
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        inputs = channels
        for convolutions, filters in stages:
            self.encoder.append(stage([inputs] + [filters] * convolutions))
            inputs = filters
        outputs = [filters for _, filters in stages[-2::-1]]  # 512, 256, 128, 64
        for (convolutions, filters), narrower in zip(stages[:0:-1], outputs, strict=True):
            self.decoder.append(stage([filters] * convolutions + [narrower]))
        self.decoder.append(stage([stages[0][1]] * 2))
        self.last = nn.Conv2d(stages[0][1], classes, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)
        self.answer = nn.Sigmoid()

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities."""
        return self.answer(self.logits(batch))

    def logits(self, batch: Tensor) -> Tensor:
        """Return what the sigmoid is given."""
        x, taken = batch, []
        for down in self.encoder:
            x, indices = self.pool(down(x))
            taken.append(indices)
        for up in self.decoder:
            x = up(self.unpool(x, taken.pop()))
        return self.last(x)  # (n, classes, h, w)
