"""What a finished training leaves: the best weights as ONNX."""

from pathlib import Path

import onnx

from engines.compile.export import rewritten
from engines.networks.fsrcnn import FSRCNN
from engines.training.checkpoint import BEST, Checkpoint

WEIGHTS = "weights.onnx"


def write_outcome(folder: Path) -> Path:
    """Write the best weights beside the checkpoints and return where."""
    network = FSRCNN()
    network.load_state_dict(Checkpoint.load(folder / BEST).average)
    onnx.save_model(rewritten(network), folder / WEIGHTS)
    return folder / WEIGHTS
