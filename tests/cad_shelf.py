"""A shelf of the four networks of a CAD, so small that their answers are plain to see."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from small_networks import model_of

from engines.card import Card, Chain, Input, Label, Tolerance, Training, write_card

CHAIN = Chain(
    super_resolution="plain-enlarger",
    segmentation="plain-outliner",
    classification="plain-judge",
    least_certainty=0.5,
    most_findings=4,
    suspicious=0.5,
)
MASS = (Label(name="mass"),)
CLASSES = (Label(name="benign"), Label(name="malignant"))


def shelve_cad(models: Path) -> Card:
    """Put a detector `plain-detector` and what follows it on that shelf; return its card.

    It sees, and its outliner outlines, what is near the brightest; its judge finds malignant what
    is bright on the whole.
    """
    _shelve(models, "plain-enlarger", enlarging(), task="super-resolution", scale=3, tile=128)
    _shelve(models, "plain-outliner", bright(0.5), task="segmentation", tile=384, labels=MASS)
    _shelve(models, "plain-judge", judging(), task="classification", tile=64, labels=CLASSES)
    return _shelve(
        models, "plain-detector", bright(0.9), task="segmentation", tile=256, labels=MASS,
        chain=CHAIN,
    )  # fmt: skip


def bright(threshold: float) -> onnx.ModelProto:
    """Return a network that sees what is brighter than that."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["a"]),
        helper.make_node("Sigmoid", ["a"], ["y"]),
    ]
    tensors = {"w": _floats(60).reshape(1, 1, 1, 1), "b": _floats(-60 * threshold)}
    return model_of(nodes, tensors)


def enlarging() -> onnx.ModelProto:
    """Return a network that makes nine of each pixel."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("DepthToSpace", ["a"], ["y"], blocksize=3, mode="CRD"),
    ]
    return model_of(nodes, {"w": np.ones((9, 1, 1, 1), np.float32)})


def judging() -> onnx.ModelProto:
    """Return a network that finds the second class as probable as its image is bright."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"], axis=1),
    ]
    tensors = {"w": _floats(-10, 10).reshape(1, 2), "b": _floats(4, -4)}
    return model_of(nodes, tensors, answered=("n", "classes"))


def _floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def _shelve(models: Path, name: str, model: onnx.ModelProto, **told: Any) -> Card:
    folder = models / name / "1"
    folder.mkdir(parents=True)
    onnx.save(model, folder / "weights.onnx")
    card = Card(
        folder=folder,
        name=name,
        version="1",
        summary="Plain to see.",
        sha256=hashlib.sha256((folder / "weights.onnx").read_bytes()).hexdigest(),
        halo=0,
        precisions=("fp32",),
        input=Input(channels=1, range=(0, 1), normalisation="own range"),
        tolerance=Tolerance(maximum=0.1, root_mean_square=0.01),
        training=Training(data="nothing", licence="none", recipe="none", command="none"),
        **told,
    )
    write_card(card)
    return card
