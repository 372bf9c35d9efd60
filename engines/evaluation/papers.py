"""What the two papers report.

[Honjo 2022] European Journal of Radiology, doi 10.1016/j.ejrad.2022.110433; [Jimenez-Gaona 2024]
Journal of Modern Optics 70(10), doi 10.1080/09500340.2024.2313724.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Enlarging:
    """Jimenez-Gaona 2024, Table 4: PSNR in dB and SSIM, means, and what single images came to."""

    network: str
    psnr: float
    ssim: float
    per_image: str


ENLARGING = (
    Enlarging("EDSR x3", 39.05, 0.90, "38.2 to 46.4 dB"),
    Enlarging("SR-RDN x4", 32.68, 0.82, "35.1 to 40.8 dB in the table shown"),
)


@dataclass(frozen=True, slots=True)
class Outlining:
    """Jimenez-Gaona 2024, Table 6: how masks agree with those drawn by hand."""

    network: str
    accuracy: float
    precision: float
    sensitivity: float
    specificity: float
    dice: float
    iou: float


OUTLINING = (
    Outlining("U-Net", 0.947, 0.930, 0.925, 0.956, 0.991, 0.862),
    Outlining("SegNet", 0.889, 0.848, 0.836, 0.950, 0.810, 0.709),
)


@dataclass(frozen=True, slots=True)
class Telling:
    """Jimenez-Gaona 2024, Table 8: how benign and malignant regions are told apart."""

    network: str
    images: int
    accuracy: float
    precision: float
    sensitivity: float
    specificity: float
    f1: float


TELLING = (
    Telling("ResNet-50, augmented", 5486, 0.75, 0.68, 0.55, 0.82, 0.64),
    Telling("ResNet-50, not augmented", 784, 0.68, 0.65, 0.77, 0.59, 0.71),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """Honjo 2022, Table 3: PIQE before and after, means and, where given, standard deviations."""

    breasts: str
    before: tuple[float, float | None]
    after: tuple[float, float | None]


QUALITY = (
    Quality("all (136 breasts)", (12.36, 5.03), (3.20, 1.33)),
    Quality("almost entirely fatty", (12.93, None), (6.25, None)),
    Quality("scattered", (13.16, 4.30), (2.68, 0.98)),
    Quality("heterogeneously dense", (11.81, 4.79), (3.33, 1.35)),
    Quality("extremely dense", (22.81, 2.63), (1.80, 0.33)),
)
