"""A full field, and ONNX Runtime on it."""

from pathlib import Path

import numpy as np
import onnx
from support.peer import peer
from support.plain_graph import with_deconvolution

from engines.card import Card
from engines.engine import Engine

ROWS, COLUMNS, TOP = 4096, 3328, 4095
PEER = "onnxruntime plain, tiles of {}"


def field() -> np.ndarray:
    """Return a full field of 12 bits: a shaded half disc and noise, zero outside."""
    down, across = np.ogrid[-1 : 1 : ROWS * 1j, 0 : 1.2 : COLUMNS * 1j]
    inside = np.clip(1 - down**2 - across**2, 0, 1)
    noise = np.random.default_rng(0).normal(0, 40, (ROWS, COLUMNS))
    return np.clip((3000 * inside + noise) * (inside > 0), 0, TOP).astype(np.uint16)


def peers(card: Card, folder: Path, tiles: tuple[int, ...]) -> dict[str, Engine]:
    """Return ONNX Runtime on the plain graph, in each tile size; its weights go to `folder`."""
    weights = folder / "plain.onnx"
    onnx.save_model(with_deconvolution(onnx.load_model(card.weights)), weights)
    plain = card.model_copy(update={"folder": folder, "file": weights.name})
    sides = {tile: tile + 2 * card.halo for tile in tiles}
    return {
        PEER.format(tile): peer(plain.model_copy(update={"tile": side}))
        for tile, side in sides.items()
    }
