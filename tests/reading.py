"""The pipeline `cad` with networks that are plain to see: what is bright is a mass."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from answering import Answering, brightness, card, classifier
from doubling import DoublingEngine
from doubling import context as plain_context
from phantoms import mammogram
from pydicom import Dataset

from engines.card import Chain, Label
from engines.engine import Engine
from pipelines.cad.recipe import Cad
from pipelines.kinds import USUAL, Kind
from pipelines.phantom import phantom
from pipelines.pipeline import ON_REGIONS, Context

MASS = (Label(name="mass"),)
CLASSES = (Label(name="benign"), Label(name="malignant"))
CHAIN = Chain(
    super_resolution="sr",
    segmentation="seg",
    classification="cls",
    least_certainty=0.3,
    most_findings=4,
    suspicious=0.6,
)
CAD = Cad("cad", "detector", CHAIN, "doubling")
ROWS, COLUMNS = 512, 416
BRIGHT, TOP = 4000, 4095
LARGER = 1.6
"""The mass of a phantom is less than the half per cent of the breast that tones let go."""


def _enlarged(batch: np.ndarray) -> np.ndarray:
    rows, columns = batch.shape[2:]
    return cv2.resize(batch[0, 0], (3 * columns, 3 * rows), interpolation=cv2.INTER_LINEAR)[
        None, None
    ]


def engines(
    probability: float = 0.7, version: str = "1", brightest: float = 0.9
) -> dict[str, Engine]:
    """Return the networks of `CAD` by their names; every mass is malignant with `probability`.

    A mass is what is brighter than `brightest`.
    """
    enlarger = Answering(
        card("super-resolution", (), name="sr", scale=3, tile=128, version=version), _enlarged
    )
    return {
        "detector": brightness(
            brightest, labels=MASS, tile=256, chain=CHAIN, name="detector", version=version
        ),
        f"sr{ON_REGIONS}": enlarger,
        "seg": brightness(0.5, labels=MASS, tile=384, name="seg", version=version),
        "cls": classifier(
            1 - probability, probability, labels=CLASSES, tile=96, name="cls", version=version
        ),
        "doubling": DoublingEngine(),
    }


def context(networks: dict[str, Engine] | None = None, **changes: Any) -> Context:
    """Return what the pipeline is given: all kinds are wanted, each image in one form."""
    chosen = networks or engines()
    stated = {"engine_of": chosen.__getitem__, "kinds": USUAL | {Kind.SC_RGB, Kind.CAD_SR_SRT}}
    return replace(plain_context(), **{**stated, **changes})


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """A mammogram whose mass is brighter than all else, and which pixels it is."""

    image: Dataset
    mass: np.ndarray


def painted(view: str = "LCC", seed: int = 1, **settings: Any) -> Painted:
    """Return a mammogram of 12 bits with a mass that is brighter than all else."""
    given = {"rows": ROWS, "columns": COLUMNS, "seed": seed, **settings}
    image = mammogram(view, **given)
    truth = phantom(view, given["rows"], given["columns"], seed)
    outline = truth.mass.outline[:, ::-1]
    outline = outline.mean(axis=0) + LARGER * (outline - outline.mean(axis=0))
    pixels = np.rint(truth.pixels * 1500).astype(np.uint16)
    pixels = cv2.fillPoly(pixels, [np.rint(outline).astype(np.int32)], BRIGHT)
    mass = pixels == BRIGHT
    if image.PhotometricInterpretation == "MONOCHROME1":
        pixels = TOP - pixels
    image.PixelData = pixels.tobytes()
    return Painted(image, mass)


def study(**settings: Any) -> list[Painted]:
    """Return the two views of the left breast, of one study."""
    return [painted(view, **settings) for view in ("LCC", "LMLO")]
