"""DenseNet-121 (Huang 2017); parameters are named as torchvision's, so that its weights fit."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

BLOCKS = (6, 12, 24, 16)
"""Layers of each dense block (Huang 2017, table 1)."""
GROWTH = 32
BOTTLENECK = 4
FIRST = 64


class DenseLayer(nn.Module):  # type: ignore[misc] # torch is an extra
    """BN-ReLU-conv 1 x 1 to 4k, BN-ReLU-conv 3 x 3 to k, beside its input (DenseNet-B)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, BOTTLENECK * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * GROWTH)
        self.conv2 = nn.Conv2d(BOTTLENECK * GROWTH, GROWTH, 3, padding=1, bias=False)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, inputs + k, h, w)."""
        y = self.conv1(self.relu(self.norm1(x)))
        y = self.conv2(self.relu(self.norm2(y)))
        return torch.cat([x, y], 1)


def transition(inputs: int) -> nn.Sequential:
    """Return what halves channels, rows and columns (compression 0.5, DenseNet-C)."""
    layers = {
        "norm": nn.BatchNorm2d(inputs),
        "relu": nn.ReLU(),
        "conv": nn.Conv2d(inputs, inputs // 2, 1, bias=False),
        "pool": nn.AvgPool2d(2),
    }
    return nn.Sequential(OrderedDict(layers))


class DenseNet121(nn.Module):  # type: ignore[misc] # torch is an extra
    """Tell an image's class: (images, channels, rows, columns) to (images, classes)."""

    def __init__(self, classes: int = 2, channels: int = 1) -> None:
        super().__init__()
        layers: dict[str, nn.Module] = {
            "conv0": nn.Conv2d(channels, FIRST, 7, stride=2, padding=3, bias=False),
            "norm0": nn.BatchNorm2d(FIRST),
            "relu0": nn.ReLU(),
            "pool0": nn.MaxPool2d(3, stride=2, padding=1),
        }
        width = FIRST
        for number, count in enumerate(BLOCKS, 1):
            dense = {f"denselayer{i + 1}": DenseLayer(width + i * GROWTH) for i in range(count)}
            layers[f"denseblock{number}"] = nn.Sequential(OrderedDict(dense))
            width += count * GROWTH
            if number < len(BLOCKS):
                layers[f"transition{number}"] = transition(width)
                width //= 2
        layers["norm5"] = nn.BatchNorm2d(width)
        self.features = nn.Sequential(OrderedDict(layers))
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(width, classes)
        self.answer = nn.Softmax(dim=1)

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities."""
        return self.answer(self.logits(batch))

    def logits(self, batch: Tensor) -> Tensor:
        """Return what the softmax is given."""
        x = self.relu(self.features(batch))  # (n, 1024, h/32, w/32)
        return self.classifier(self.flatten(self.avgpool(x)))  # (n, classes)
