"""A foreign network, tried: ``python -m engines.importing.trial`` in a process that may die of it.

It finds in its folder `foreign.onnx` and `wish.json`; it leaves `weights.onnx` there, and in
`said.json` what it found, or why the network is refused.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from engines.compile.reach import Reach, reach
from engines.importing.adapt import adapted, for_one, modern
from engines.importing.ends import narrowed, taken
from engines.importing.foreign import MB, ForeignError, UnsaidError, read_foreign
from engines.importing.judgement import judged
from engines.importing.running import is_batched, opened, picture
from engines.importing.weigh import check, weigh
from engines.importing.wish import Found, Wish

FOREIGN, WISH = "foreign.onnx", "wish.json"
WEIGHTS, SAID = "weights.onnx", "said.json"
INSIDE = 256
"""Side that a window answers for where nothing else decides: it stays in a cache."""
OVERHEAD = 1_500 * MB
"""Bytes of addresses that Python and its libraries take before anything is run."""


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
    check(model)
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


if __name__ == "__main__":
    main()
