"""ResNet-50 (He 2015); parameters are named as torchvision's, so that its weights fit."""

from torch import Tensor, nn

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""(width, blocks) of conv2_x ... conv5_x (He 2015, table 1)."""
EXPANSION = 4


class Bottleneck(nn.Module):  # type: ignore[misc] # torch is an extra
    """1 x 1 to `width`, 3 x 3, 1 x 1 to 4 times `width`, and the input added (He 2015, figure 5).

    The first convolution has the stride, as published; torchvision gives it to the second.
    """

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, stride=stride, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()
        self.downsample = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.downsample.append(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 4 width, h / stride, w / stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet50(nn.Module):  # type: ignore[misc] # torch is an extra
    """Tell an image's class: (images, channels, rows, columns) to (images, classes)."""

    def __init__(self, classes: int = 2, channels: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        inputs = 64
        for number, (width, blocks) in enumerate(STAGES, 1):
            strides = [1 if number == 1 else 2] + [1] * (blocks - 1)
            layers = []
            for stride in strides:
                layers.append(Bottleneck(inputs, width, stride))
                inputs = EXPANSION * width
            setattr(self, f"layer{number}", nn.Sequential(*layers))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(inputs, classes)
        self.answer = nn.Softmax(dim=1)

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities."""
        return self.answer(self.logits(batch))

    def logits(self, batch: Tensor) -> Tensor:
        """Return what the softmax is given."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(batch))))  # (n, 64, h/4, w/4)
        for number in range(1, len(STAGES) + 1):
            x = getattr(self, f"layer{number}")(x)
        return self.fc(self.flatten(self.avgpool(x)))  # (n, 2048, h/32, w/32) to (n, classes)
