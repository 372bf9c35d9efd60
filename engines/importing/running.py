"""A graph on ONNX Runtime, to see what it does."""

from collections.abc import Callable

import numpy as np
import onnx
from numpy.typing import NDArray

from engines.importing.foreign import ForeignError

SAME = 1e-4
"""What two ways to run the same image may differ by, of an answer of 1."""
SEED = 2022

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def opened(model: onnx.ModelProto) -> Run:
    """Return what runs `model` on ONNX Runtime.

    Raises:
        ForeignError: it cannot be opened there, or not be run.
    """
    import onnxruntime  # noqa: PLC0415 - an extra, and slow to import

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # noqa: BLE001 - a door: its errors have no common name
        raise ForeignError(f"ONNX Runtime cannot open it: {_line(error)}") from None
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            answer: NDArray[np.float32] = session.run(None, {name: batch})[0]
        except Exception as error:  # noqa: BLE001 - likewise
            shape = " x ".join(map(str, batch.shape))
            raise ForeignError(f"ONNX Runtime cannot run it on {shape}: {_line(error)}") from None
        return answer

    return run


def picture(images: int, side: int) -> NDArray[np.float32]:
    """Return pictures of chance, (images, 1, rows, columns) of 0..1: a slope, and noise on it."""
    chance = np.random.default_rng(SEED).random((images, 1, side, side), np.float32)
    slope = np.linspace(0, 1, side, dtype=np.float32)
    return (chance + slope) / np.float32(2)


def is_batched(model: onnx.ModelProto, side: int) -> bool:
    """Return whether two images at once get the answers that each gets alone."""
    run, images = opened(model), picture(2, side)
    try:
        together = run(images)
    except ForeignError:
        return False
    alone = np.concatenate([run(images[:1]), run(images[1:])])
    return together.shape == alone.shape and bool(np.allclose(together, alone, SAME, SAME))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
