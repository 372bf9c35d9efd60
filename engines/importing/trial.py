"""A foreign network, tried: ``python -m engines.importing.trial`` in a process that may die of it.

It finds in its folder `foreign.onnx` and `wish.json`; it leaves `weights.onnx` there, and in
`said.json` what it found, or why the network is refused.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from engines.compile.reach import Reach, reach
from engines.importing.adapt import adapted, for_one, modern
from engines.importing.ends import narrowed, taken
from engines.importing.foreign import MB, ForeignError, UnsaidError, read_foreign
from engines.importing.weigh import weigh
from engines.importing.wish import Found, Wish

FOREIGN, WISH = "foreign.onnx", "wish.json"
WEIGHTS, SAID = "weights.onnx", "said.json"
INSIDE = 256
"""Side that a window answers for where nothing else decides: it stays in a cache."""
SAME = 1e-4
"""What two ways to run the same image may differ by, of an answer of 1."""
SEED = 2022
OVERHEAD = 1_500 * MB
"""Bytes of addresses that Python and its libraries take before anything is run."""

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def main() -> None:
    """Try what lies in that folder within so many bytes of memory."""
    folder, memory = Path(sys.argv[1]), int(sys.argv[2])
    limit = memory + OVERHEAD
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    wish = Wish.model_validate_json((folder / WISH).read_text())
    (folder / SAID).write_text(json.dumps(said(folder, wish, memory)))


def said(folder: Path, wish: Wish, memory: int) -> dict[str, Any]:
    """Return what was found, or why the network is refused, as JSON has it."""
    try:
        return tried(folder, wish, memory).model_dump()
    except UnsaidError as error:
        return {"refused": str(error), "unsaid": error.field}
    except ForeignError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"needs more than {memory / MB:.0f} MB: see --memory"}


def tried(folder: Path, wish: Wish, memory: int) -> Found:
    """Write the weights as the shelf wants them, and return what the network is like.

    Raises:
        ForeignError: it cannot be run here, or does not answer as a network of its task.
    """
    narrow = narrowed(modern(read_foreign(folder / FOREIGN)), wish)
    ends = taken(narrow, wish)
    model = adapted(narrow, ends, wish)
    found = placed(reach(model), ends.side, wish)
    weigh(model, (1, 1, found.tile, found.tile), memory)
    started = time.monotonic()
    answer = opened(model)(picture(1, found.tile))
    seconds = time.monotonic() - started
    found = judged(answer, found, wish)
    if not is_batched(model, found.tile):
        model = for_one(model)
    (folder / WEIGHTS).write_bytes(model.SerializeToString())
    return found.model_copy(update={"seconds": round(seconds, 3)})


def placed(seen: Reach | None, side: int | None, wish: Wish) -> Found:
    """Return the window and the halo that a network is to be run with."""
    grid = seen.grid if seen else 1
    halo = wish.halo
    if halo is None and wish.task == "super-resolution":
        if seen is None:
            raise UnsaidError(
                "how far it sees cannot be told from its graph: say how many pixels with --halo",
                "halo",
            )
        halo = seen.halo
    halo = -(-(halo or 0) // grid) * grid
    tile = _tile(side, halo, grid, wish)
    if tile % grid:
        raise ForeignError(f"--tile: {tile} is no multiple of {grid}, as the network needs it")
    if tile <= 2 * halo:
        raise ForeignError(
            f"sees {halo} pixels to each side, which leaves nothing of a window of {tile}: "
            "export it for larger images, or accept seams with a smaller --halo"
        )
    return Found(
        scale=wish.scale or 1, tile=tile, halo=halo, grid=grid, lowest=0, highest=0, seconds=0
    )


def _tile(side: int | None, halo: int, grid: int, wish: Wish) -> int:
    if side is not None and wish.tile not in {None, side}:
        raise ForeignError(f"--tile: the network takes {side} x {side} pixels, not {wish.tile}")
    tile = side or wish.tile
    if tile is None and wish.task == "super-resolution":
        return -(-INSIDE // grid) * grid + 2 * halo
    if tile is None:
        raise UnsaidError(
            "takes images of any size: say with --tile which one it was trained on", "tile"
        )
    return tile


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


def judged(answer: NDArray[np.float32], found: Found, wish: Wish) -> Found:
    """Return what is `found`, having looked at one answer.

    Raises:
        ForeignError: it is not the answer of a network of that task.
    """
    if not np.isfinite(answer).all():
        raise ForeignError("answers with NaN or infinity: its weights are broken")
    lowest, highest = float(answer.min()), float(answer.max())
    scale = 1
    if wish.task == "classification":
        _look_at_classes(answer.shape, wish)
    else:
        scale = _scale(answer.shape, found, wish)
    if wish.task != "super-resolution" and not -SAME <= lowest <= highest <= 1 + SAME:
        raise UnsaidError(
            f"answers {lowest:.3g} to {highest:.3g}, which are no probabilities: say how they "
            "become such with --activation softmax or sigmoid",
            "activation",
        )
    return found.model_copy(update={"lowest": lowest, "highest": highest, "scale": scale})


def _look_at_classes(shape: tuple[int, ...], wish: Wish) -> None:
    classes = shape[1]
    if classes != wish.labels:
        raise ForeignError(f"answers {classes} classes: --labels names {wish.labels}")


def _scale(shape: tuple[int, ...], found: Found, wish: Wish) -> int:
    """Return how many places of the answer a pixel has along each axis."""
    channels = wish.labels if wish.task == "segmentation" else 1
    if shape[1] != channels:
        raise ForeignError(f"answers {shape[1]} channels, {channels} are wanted")
    inside, rows = found.tile - 2 * found.halo, shape[2]
    scales = {"segmentation": [1]}.get(wish.task, [wish.scale] if wish.scale else [4, 3, 2])
    for scale in scales:
        rest = rows - scale * inside
        if rows == shape[3] and 0 <= rest <= 2 * scale * found.halo and rest % 2 == 0:
            return scale
    wanted = "the same size" if wish.task == "segmentation" else "2 to 4 times that"
    raise ForeignError(f"answers {rows} x {shape[3]} to {found.tile} x {found.tile}: want {wanted}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


if __name__ == "__main__":
    main()
