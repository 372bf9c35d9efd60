"""Small networks written node by node, without PyTorch, and a model made of one."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.architectures import Architecture
from engines.card import Card, Input, Label, Tolerance, Training, read_card
from engines.compile.export import rewritten
from engines.verification import Verification

CARD = """
name = "small"
version = "{version}"
summary = "Weights of chance."
task = "super-resolution"
scale = 2
sha256 = "{sha256}"
halo = 2
tile = 24
batch = {batch}
precisions = ["fp16", "fp32"]

[input]
channels = 1
range = [0.0, 1.0]
normalisation = "(v - low) / (high - low)"

[tolerance]
maximum = 0.1
root_mean_square = 0.02

[training]
data = "none"
licence = "none"
recipe = "none"
command = "none"
"""


GOOD = Verification(
    passed=True,
    reason="",
    against="onnxruntime-fp32",
    windows=4,
    maximum=0.01,
    root_mean_square=0.001,
    psnr=60.0,
)
"""How a plan fared that may serve."""

IMAGES = ("n", 1, "h", "w")
MAPS = ("n", "c", "rows", "columns")


def model_of(
    nodes: list, tensors: dict, given: tuple = IMAGES, answered: tuple = MAPS
) -> onnx.ModelProto:
    """Return a model of those nodes from `x` to `y`."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(given))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(answered))],
        [numpy_helper.from_array(values, name) for name, values in tensors.items()],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])


def weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.2, shape).astype(np.float32)


def doubling() -> onnx.ModelProto:
    """Return a network that doubles rows and columns: two convolutions and depth-to-space."""
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"], "first", pads=[1] * 4),
        helper.make_node("PRelu", ["a", "slope"], ["b"], "bend"),
        helper.make_node("Conv", ["b", "w2", "b2"], ["c"], "last", pads=[1] * 4),
        helper.make_node("DepthToSpace", ["c"], ["y"], "shuffle", blocksize=2, mode="CRD"),
    ]
    tensors = {
        "w1": weights(1, 8, 1, 3, 3),
        "b1": weights(2, 8),
        "slope": weights(3, 8, 1, 1),
        "w2": weights(4, 4, 8, 3, 3),
        "b2": weights(5, 4),
    }
    return model_of(nodes, tensors)


def card_of(architecture: Architecture, folder: Path) -> Card:
    """Return the card of that network of the papers, its weights as it initialises them.

    Quicker to make than `engines.untrained.untrained_card`, and the same graph; good for builds.
    """
    onnx.save_model(rewritten(architecture.make().eval()), folder / "weights.onnx")
    sha256 = hashlib.sha256((folder / "weights.onnx").read_bytes()).hexdigest()
    return Card(
        folder=folder,
        name=architecture.name,
        version="1",
        summary="Weights as initialised.",
        task=architecture.task,
        scale=architecture.scale,
        sha256=sha256,
        halo=0,
        tile=architecture.side,
        grid=architecture.grid,
        labels=tuple(Label(name=name) for name in architecture.labels),
        precisions=("fp32",),
        input=Input(channels=1, range=(0.0, 1.0), normalisation="none"),
        tolerance=Tolerance(maximum=1, root_mean_square=1),
        training=Training(data="none", licence="none", recipe="none", command="none"),
    )


def shelve_small(models: Path, model: onnx.ModelProto | None = None, **told: object) -> Card:
    """Put `model`, or the doubling one, on that shelf."""
    version = str(told.get("version", "1"))
    folder = models / "small" / version
    folder.mkdir(parents=True)
    onnx.save(model or doubling(), folder / "weights.onnx")
    sha256 = hashlib.sha256((folder / "weights.onnx").read_bytes()).hexdigest()
    card = CARD.format(version=version, sha256=sha256, batch=told.get("batch", 1))
    (folder / "card.toml").write_text(card)
    return read_card(folder)
