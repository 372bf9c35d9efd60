"""What batches are made of, course by course: what a recipe says besides its plan."""

from typing import Literal

from pydantic import Field

from engines.training.plan import Record

Augmentation = Literal["none", "paper", "slight", "strong"]


class Patches(Record):
    """What a batch is made of.

    Patches of `side` x `side` pixels of low resolution: `pictures` natural ones, `breasts` within
    the breasts on films, and `rims` where these end. The `loss` of natural patches and that of
    films, `weight` times, are taken each by itself and added. If `residual`, the answer of the
    network is added to each pixel repeated.
    """

    side: int = Field(default=48, ge=8)
    pictures: int = Field(default=8, ge=0)
    breasts: int = Field(default=0, ge=0)
    rims: int = Field(default=0, ge=0)
    loss: Literal["mse", "l1", "psnr"] = "mse"
    weight: float = Field(default=1.0, gt=0)
    residual: bool = False


class Regions(Record):
    """What a batch of a network that outlines is made of.

    `wholes`, `films` and `ellipses` are how often masses of CDD-CESM, of films with outlines and of
    CBIS-DDSM, boxed, are drawn; `before` names a model of the shelf that enlarges regions before.
    """

    batch: int = Field(default=8, ge=1)
    augmentation: Augmentation = "strong"
    wholes: float = Field(default=1.0, ge=0)
    films: float = Field(default=1.0, ge=0)
    ellipses: float = Field(default=0.0, ge=0)
    before: str = ""


class Verdicts(Record):
    """What a batch of a network that classifies is made of: as many benign as malignant masses.

    A region is `room` times as wide as its mass and shown at `side` pixels. `smoothing` is of the
    labels, `mixup` the strength of mixing; `signs` and `gradients` are how much it counts to tell
    besides shape, margins and assessment, and the region's histograms of gradients; `before` names
    a model of the shelf that enlarges regions before. By the split `leaky` variants of one region
    are on both sides (Jimenez-Gaona 2024): for comparison only.
    """

    batch: int = Field(default=32, ge=2)
    augmentation: Augmentation = "strong"
    split: Literal["patients", "leaky"] = "patients"
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0)
    signs: float = Field(default=0.0, ge=0)
    gradients: float = Field(default=0.0, ge=0)
    room: float = Field(default=2.0, ge=1)
    side: int = Field(default=128, ge=32)
    before: str = ""


class Crops(Record):
    """What follows a detector, and where it is operated; its batches are fixed.

    The models are named as on the shelf. The least certainty is the lowest at which there are no
    more than so many `false_marks` an image of the validation, of which `most_findings` count; a
    finding is suspicious from a probability of `suspicious` on.
    """

    super_resolution: str = "edsr-x3"
    segmentation: str = "unet"
    classification: str = "densenet121"
    false_marks: float = Field(default=0.5, gt=0)
    most_findings: int = Field(default=4, ge=1, le=32)
    suspicious: float = Field(default=0.5, ge=0, le=1)
