"""Networks with weights of chance, and models made of them."""

import hashlib
from pathlib import Path

import onnx
import torch

from engines.card import Card, read_card
from engines.compile.export import rewritten
from engines.networks.fsrcnn import FSRCNN

CARD = """
name = "{name}"
version = "{version}"
summary = "Weights of chance."
task = "super-resolution"
scale = 2
sha256 = "{sha256}"
halo = 8
tile = {tile}
precisions = ["bf16", "fp32"]

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


def network(seed: int = 0) -> FSRCNN:
    """Return FSRCNN with weights that pass signals on undiminished, so that faults show."""
    torch.manual_seed(seed)
    made = FSRCNN()
    torch.nn.init.normal_(made.deconvolve.weight, std=0.02)
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            torch.nn.init.normal_(layer.bias, std=0.1)
    return made.eval()


def shelve(models: Path, name: str = "chance", version: str = "1", tile: int = 48) -> Card:
    """Put a model with weights of chance on that shelf."""
    folder = models / name / version
    folder.mkdir(parents=True)
    weights = folder / "weights.onnx"
    onnx.save(rewritten(network()), weights)
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    card = CARD.format(name=name, version=version, sha256=sha256, tile=tile)
    (folder / "card.toml").write_text(card)
    return read_card(folder)
