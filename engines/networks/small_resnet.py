"""A residual network of basic blocks (He 2015), as narrow as few images allow."""

from torch import Tensor, nn

BLOCKS = 2
"""Of each stage, as ResNet-18 has."""
STAGES = 4


class BasicBlock(nn.Module):  # type: ignore[misc] # torch is an extra
    """Twice 3 x 3 to `outputs`, and the input added (He 2015, figure 5)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()
        self.downsample = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.downsample.append(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h / stride, w / stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class SmallResNet(nn.Module):  # type: ignore[misc] # torch is an extra
    """Tell an image's class: (images, channels, rows, columns) to (images, classes).

    ResNet-18 with widths w, 2w, 4w, 8w; w = 64 as published. Some of what the last layer is given
    is dropped while it learns.
    """

    def __init__(
        self, width: int = 16, classes: int = 2, channels: int = 1, drop: float = 0.3
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        widths = [width * 2**stage for stage in range(STAGES)]
        blocks, inputs = [], width
        for outputs in widths:
            for number in range(BLOCKS):
                stride = 2 if number == 0 and outputs != width else 1
                blocks.append(BasicBlock(inputs, outputs, stride))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(drop)
        self.fc = nn.Linear(inputs, classes)
        self.answer = nn.Softmax(dim=1)

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities."""
        return self.answer(self.logits(batch))

    def logits(self, batch: Tensor) -> Tensor:
        """Return what the softmax is given."""
        x = self.blocks(self.maxpool(self.relu(self.bn1(self.conv1(batch)))))  # (n, 8w, h/32, ...)
        return self.fc(self.dropout(self.flatten(self.avgpool(x))))
