"""How EDSR and RDN enlarge: convolutions and pixel shuffles (Shi 2016)."""

from torch import nn

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
