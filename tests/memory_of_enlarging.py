"""How much memory it takes to enlarge an image: a script, for it needs a process of its own.

    python memory_of_enlarging.py MODELS_DIR ROWS [keeping]

Prints the peak of the process's memory above what it had before the engine was opened, less the
image and its answer, in bytes. With `keeping`, all answers are kept until the last one is there.
"""

import sys
from pathlib import Path

import numpy as np

from engines.backends.openvino import OpenVinoEngine, open_openvino, state
from engines.shelf import find_card
from engines.tiling import enlarge

TOP = 4095
WARM_UP = 300


class KeepingEngine:
    """An engine that answers no batch before it has seen all."""

    backend = "keeping"

    def __init__(self, engine: OpenVinoEngine) -> None:
        self.card = engine.card
        self._engine = engine

    def stream(self, batches):
        return iter([self._engine(batch) for batch in batches])


def memory(which: str) -> int:
    """Return the process's memory in bytes: now (VmRSS) or at its peak (VmHWM), proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


def main(models: str, rows: str, *kept: str) -> None:
    best = "bf16" if "bf16" in state() else "fp32"  # the library is loaded
    idle = memory("VmRSS")
    engine = open_openvino(find_card(Path(models), "fsrcnn-x2"), best)
    if kept:
        engine = KeepingEngine(engine)
    enlarge(engine, np.zeros((WARM_UP, WARM_UP), np.uint16), 0, TOP, TOP)
    pixels = np.full((int(rows), int(rows)), 1000, np.uint16)
    Path("/proc/self/clear_refs").write_text("5")  # the peak from here on
    answer = enlarge(engine, pixels, 0, TOP, TOP)
    print(memory("VmHWM") - idle - pixels.nbytes - answer.nbytes)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
