"""VGG-16 (Simonyan 2015, configuration D); parameters are named as torchvision's."""

from torch import Tensor, nn

STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""(convolutions, filters) before each pooling."""
SIDE = 224
REST = 7
"""Side of what five poolings leave of 224."""
HIDDEN = 4096


class VGG16(nn.Module):  # type: ignore[misc] # torch is an extra
    """Tell an image's class: (images, channels, 224, 224) to (images, classes)."""

    def __init__(self, classes: int = 2, channels: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels
        for convolutions, filters in STAGES:
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
                inputs = filters
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Linear(inputs * REST * REST, HIDDEN),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(HIDDEN, classes),
        )
        self.answer = nn.Softmax(dim=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, batch: Tensor) -> Tensor:
        """Return probabilities."""
        return self.answer(self.logits(batch))

    def logits(self, batch: Tensor) -> Tensor:
        """Return what the softmax is given."""
        return self.classifier(self.flatten(self.features(batch)))  # (n, 512, 7, 7) to classes
