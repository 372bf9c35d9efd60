"""What the networks of the papers have to do: enlarge a full field, or answer for regions."""

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from support.contest import Contest
from support.full_field import TOP, field, peers
from support.ours import ours
from support.peer import peer
from torch.utils.flop_counter import FlopCounterMode

from engines.architectures import ARCHITECTURES, Architecture
from engines.backends.torch import open_torch
from engines.card import Card
from engines.compile.export import plain
from engines.engine import Batch, Engine
from engines.tiling import enlarge
from engines.training.chance import network_of_chance
from engines.untrained import SEED, untrained_card

PLAIN = "onnxruntime fp32"
TORCH = "torch fp32"
PEER_TILES = (1024, 256)
REGION = 128
"""Side of the regions of Jimenez-Gaona 2024; a network made for larger ones gets those."""
RUNS = {
    "densenet121": (8, 2),
    "edsr-baseline-x3": (2, 1),
    "resnet50": (8, 4),
    "segnet": (4, 1),
    "unet": (4, 1),
    "vgg16": (4, 1),
}
"""Images in a batch, and batches in a run, so that it takes about half a second; else 1 and 1."""


def regions_contest(name: str, folder: Path) -> Contest:
    """Return the contest over batches of regions of that network, with weights of chance."""
    architecture = ARCHITECTURES[name]
    images, batches = RUNS.get(name, (1, 1))
    made = untrained_card(architecture, folder)
    card = made.model_copy(update={"batch": images, "tile": max(REGION, made.tile)})
    published = folder / f"{name}.onnx"
    onnx.save_model(plain(network_of_chance(architecture, SEED)), published)
    as_published = card.model_copy(update={"folder": folder, "file": published.name})
    windows = regions(card, 2)

    def run(engine: Engine) -> None:
        for _ in engine.stream(windows[:1] * batches):
            pass

    gflop = gflop_of(architecture, card.tile) * images * batches
    engines = {PLAIN: peer(as_published), **contenders(card)}
    return Contest(name, "regions", engines, run, images * batches, gflop, windows)


def field_contest(card: Card, folder: Path) -> Contest:
    """Return the contest over a full field, scaling and tiling included."""
    pixels = field()
    engines = {**peers(card, folder, PEER_TILES), **contenders(card)}
    architecture = ARCHITECTURES[card.name]
    gflop = gflop_of(architecture, architecture.side) * pixels.size / architecture.side**2

    def run(engine: Engine) -> NDArray[np.unsignedinteger]:
        return enlarge(engine, pixels, 0, TOP, TOP)

    return Contest(card.name, "fields", engines, run, 1, gflop, regions(card, 8))


def contenders(card: Card) -> dict[str, Engine]:
    """Return our engines and PyTorch."""
    return {**ours(card), TORCH: open_torch(card)}


def regions(card: Card, count: int) -> list[Batch]:
    """Return that many batches of regions of the field, none of them black."""
    pixels, chance = field().astype(np.float32) / TOP, np.random.default_rng(1)
    rows, columns = pixels.shape
    places = zip(
        chance.integers(rows // 4, 3 * rows // 4 - card.tile, count * card.batch),
        chance.integers(0, columns // 2 - card.tile, count * card.batch),
        strict=True,
    )
    cut = [pixels[row : row + card.tile, column : column + card.tile] for row, column in places]
    return list(np.stack(cut).reshape(count, *card.window))


def gflop_of(architecture: Architecture, side: int) -> float:
    """Return the work of one region, as published, in 1e9 multiplications and additions."""
    with torch.device("meta"):
        network = architecture.make().eval()
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(torch.empty(1, 1, side, side))
    return float(counter.get_total_flops()) / 1e9
