"""Seconds and memory of the super-resolution pipeline on one full field, stage by stage.

    python bench/pipeline.py [--rows 4096] [--columns 3328] [--repeat 3]

The network is replaced by the repetition of pixels: `enlarge` here is the cost of tiling alone.
"""

import argparse
import resource
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from engines.engine import Batch
from pipelines.phantom import Exposure, mammogram
from pipelines.pipeline import Context, Product
from pipelines.super_resolution import SuperResolution

CARD = SimpleNamespace(name="repeat", version="1", sha256="0" * 64, scale=2, halo=8, tile=256)


class Repeating:
    """An engine that repeats every pixel in both directions."""

    card = CARD
    backend = "numpy"

    def __call__(self, batch: Batch) -> Batch:
        """Return the inside of `batch` at twice the size."""
        inside = batch[..., CARD.halo : -CARD.halo, CARD.halo : -CARD.halo]
        return np.repeat(np.repeat(inside, 2, axis=2), 2, axis=3)

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def main() -> None:
    """Print the median seconds of each stage and the peak memory above idle."""
    arguments = _arguments()
    image = mammogram("LCC", Exposure(rows=arguments.rows, columns=arguments.columns))
    seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def watched(stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[stage].append(time.perf_counter() - started)

    context = Context(
        engine=Repeating(),
        product=Product("bench", "bench", "BENCH"),
        site_key=b"bench",
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
        progress=watched,
    )
    idle = _resident()
    with _peak() as peak:
        for _ in range(arguments.repeat):
            with watched("in all"):
                SuperResolution().run(image, context)
    for stage, taken in seconds.items():
        print(f"{stage:10} {np.median(taken):6.2f} s")
    print(f"memory     {(peak() - idle) / 1e6:6.0f} MB above idle ({idle / 1e6:.0f} MB)")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--columns", type=int, default=3328)
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


@contextmanager
def _peak() -> Iterator[Callable[[], int]]:
    """Watch the resident memory every few milliseconds; what it yields returns the highest."""
    highest, stopped = [_resident()], threading.Event()

    def watch() -> None:
        while not stopped.wait(0.005):
            highest[0] = max(highest[0], _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield lambda: highest[0]
    stopped.set()
    watcher.join()


def _resident() -> int:
    """Return the bytes of memory that this process has in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
