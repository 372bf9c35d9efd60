"""Small networks to be run tile by tile, and their engines."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import helper
from small_networks import model_of, weights

from engines.backends.onnxruntime import ReferenceEngine, open_reference
from engines.card import Card, Input, Label, Tolerance, Training

POOLED = 4
"""What sides must be multiples of where a network pools twice."""


def enlarging(scale: int) -> onnx.ModelProto:
    """Return two 3 x 3 convolutions, and depth-to-space."""
    nodes = [
        _convolution("x", "a", "first"),
        helper.make_node("Relu", ["a"], ["b"]),
        _convolution("b", "c", "last"),
        helper.make_node("DepthToSpace", ["c"], ["y"], blocksize=scale, mode="CRD"),
    ]
    return model_of(nodes, {"first": weights(1, 4, 1, 3, 3), "last": weights(2, scale**2, 4, 3, 3)})


def pooling(classes: int) -> onnx.ModelProto:
    """Return a small U-Net: twice down, twice up, a skip at full size."""
    nodes = [
        _convolution("x", "a", "first"),
        helper.make_node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
        _convolution("b", "c", "second"),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]),
        _convolution("d", "e", "third"),
        helper.make_node("ConvTranspose", ["e", "up"], ["f"], strides=[4, 4]),
        helper.make_node("Concat", ["a", "f"], ["g"], axis=1),
        _convolution("g", "h", "last"),
        helper.make_node("Sigmoid", ["h"], ["y"]),
    ]
    tensors = {
        "first": 2 * weights(1, 3, 1, 3, 3),
        "second": 2 * weights(2, 4, 3, 3, 3),
        "third": 2 * weights(3, 4, 4, 3, 3),
        "up": 2 * weights(4, 4, 3, 4, 4),
        "last": 2 * weights(5, classes, 6, 3, 3),
    }
    return model_of(nodes, tensors)


def judging() -> onnx.ModelProto:
    """Return a classifier: what it tells depends on the whole image."""
    nodes = [
        _convolution("x", "a", "first"),
        helper.make_node("GlobalAveragePool", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["y"]),
    ]
    return model_of(nodes, {"first": weights(1, 3, 1, 3, 3)}, answered=("n", 3))


def _convolution(given: str, answer: str, name: str) -> onnx.NodeProto:
    return helper.make_node("Conv", [given, name], [answer], pads=[1] * 4)


def ending_in_a_convolution() -> onnx.ModelProto:
    """Return two 3 x 3 convolutions, and the image added between them."""
    nodes = [
        _convolution("x", "a", "first"),
        helper.make_node("Add", ["a", "x"], ["b"]),
        _convolution("b", "y", "last"),
    ]
    return model_of(nodes, {"first": weights(1, 4, 1, 3, 3), "last": weights(2, 1, 4, 3, 3)})


def engine_of(folder: Path, model: onnx.ModelProto, **stated: object) -> ReferenceEngine:
    """Return the reference engine of `model`, whose card says what is stated."""
    return open_reference(card_of(folder, model, **stated))


def card_of(folder: Path, model: onnx.ModelProto, **stated: object) -> Card:
    """Write `model` into `folder`, and return a card that says what is stated."""
    onnx.save_model(model, folder / "weights.onnx")
    said = {
        "folder": folder,
        "name": "tiled",
        "version": "1",
        "summary": "Weights of chance.",
        "task": "super-resolution",
        "sha256": hashlib.sha256((folder / "weights.onnx").read_bytes()).hexdigest(),
        "halo": 0,
        "tile": 64,
        "precisions": ("fp32",),
        "input": Input(channels=1, range=(0, 1), normalisation="(v - low) / (high - low)"),
        "tolerance": Tolerance(maximum=1, root_mean_square=1),
        "training": Training(data="none", licence="none", recipe="none", command="none"),
    }
    return Card(**{**said, **stated})


def labels(classes: int) -> tuple[Label, ...]:
    return tuple(Label(name=f"class {number}") for number in range(classes))


def with_card(engine: ReferenceEngine, **stated: object) -> ReferenceEngine:
    """Return that engine with a card that says something else."""
    return replace(engine, card=engine.card.model_copy(update=stated))


def untiled(engine: ReferenceEngine, pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the answer, (channels, rows, columns), to the whole image, mirrored by the halo.

    Beyond that it is mirrored further, up to the next multiple of the grid.
    """
    card = engine.card
    spare = [-length % card.grid for length in pixels.shape]
    borders = [(card.halo, card.halo + more) for more in spare]
    mirrored = np.pad(pixels, borders, mode="symmetric").astype(np.float64)
    batch = ((mirrored - low) / (high - low)).astype(np.float32)[None, None]
    rows, columns = (card.scale * length for length in pixels.shape)
    return engine(batch)[0, :, :rows, :columns]
