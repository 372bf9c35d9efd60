"""The networks of the papers by name; PyTorch is imported only where one of them is made."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from engines.card import Task

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network as published.

    `parameters` is how many it has with one input channel and the classes below; `side` is that of
    the regions it is tried on, `grid` what their sides must be multiples of.
    """

    name: str
    task: Task
    paper: str
    where: str
    parameters: int
    arguments: Mapping[str, int | float] = field(default_factory=lambda: MappingProxyType({}))
    scale: int = 1
    side: int = 128
    grid: int = 1
    labels: tuple[str, ...] = ()

    def make(self) -> "nn.Module":
        """Return the network, its weights as it initialises them.

        Raises:
            ImportError: PyTorch, the extra `train`, is not installed.
        """
        module, kind = self.where.split(":")
        made: nn.Module = getattr(importlib.import_module(module), kind)(**self.arguments)
        return made


LARGE = 48
"""Side of the regions that the largest are tried on: a second each, and not ten."""

DONG = "Dong 2016, Accelerating the Super-Resolution CNN; Honjo 2022"
LIM = "Lim 2017, Enhanced Deep Residual Networks; Jimenez-Gaona 2024"
ZHANG = "Zhang 2018, Residual Dense Network; Jimenez-Gaona 2024"
LESION = ("lesion",)
BENIGN_OR_MALIGNANT = ("benign", "malignant")


def _edsr(scale: int, parameters: int) -> Architecture:
    return Architecture(
        f"edsr-x{scale}",
        "super-resolution",
        LIM,
        "engines.networks.edsr:EDSR",
        parameters,
        {"scale": scale},
        scale,
        side=LARGE,
    )


def _edsr_baseline(scale: int, parameters: int) -> Architecture:
    return Architecture(
        f"edsr-baseline-x{scale}",
        "super-resolution",
        LIM,
        "engines.networks.edsr:EDSR",
        parameters,
        {"scale": scale, "blocks": 16, "filters": 64, "residual_scaling": 1.0},
        scale,
    )


def _rdn(scale: int, parameters: int) -> Architecture:
    return Architecture(
        f"rdn-x{scale}",
        "super-resolution",
        ZHANG,
        "engines.networks.rdn:RDN",
        parameters,
        {"scale": scale},
        scale,
        side=LARGE,
    )


ARCHITECTURES: Mapping[str, Architecture] = {
    one.name: one
    for one in (
        Architecture(
            "fsrcnn-x2",
            "super-resolution",
            DONG,
            "engines.networks.fsrcnn:FSRCNN",
            12_809,
            scale=2,
            side=272,
        ),
        _edsr(2, 40_720_385),
        _edsr(3, 43_670_785),
        _edsr(4, 43_080_705),
        _edsr_baseline(2, 1_367_553),
        _edsr_baseline(3, 1_552_193),
        _edsr_baseline(4, 1_515_265),
        _rdn(2, 22_121_089),
        _rdn(3, 22_305_729),
        _rdn(4, 22_268_801),
        Architecture(
            "unet",
            "segmentation",
            "Ronneberger 2015, U-Net; Jimenez-Gaona 2024",
            "engines.networks.unet:UNet",
            31_030_593,
            grid=16,
            labels=LESION,
        ),
        Architecture(
            "segnet",
            "segmentation",
            "Badrinarayanan 2017, SegNet; Jimenez-Gaona 2024",
            "engines.networks.segnet:SegNet",
            29_442_433,
            grid=32,
            labels=LESION,
        ),
        Architecture(
            "resnet50",
            "classification",
            "He 2015, Deep Residual Learning; Jimenez-Gaona 2024",
            "engines.networks.resnet:ResNet50",
            23_505_858,
            labels=BENIGN_OR_MALIGNANT,
        ),
        Architecture(
            "densenet121",
            "classification",
            "Huang 2017, Densely Connected Networks; Jimenez-Gaona 2024, future work",
            "engines.networks.densenet:DenseNet121",
            6_949_634,
            labels=BENIGN_OR_MALIGNANT,
        ),
        Architecture(
            "vgg16",
            "classification",
            "Simonyan 2015, Very Deep Networks; Jimenez-Gaona 2024, future work",
            "engines.networks.vgg:VGG16",
            134_267_586,
            side=224,
            labels=BENIGN_OR_MALIGNANT,
        ),
    )
}
