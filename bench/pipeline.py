"""Seconds and memory of a worker's pipeline on one full field, stage by stage.

    python bench/pipeline.py [--pipeline cad] [--rows 4096] [--columns 3328] [--repeat 5] [--quick]

Idle is a worker with its engines open; a run reads the file, runs the pipeline and keeps the
results in memory, as a job does.
"""

import argparse
import os
import resource
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom import dcmread
from support.results import begun, table

from engines.card import Card
from engines.load import open_engine
from engines.shelf import find_card, newest
from pipelines.catalogue import catalogue
from pipelines.phantom import Exposure, mammogram
from pipelines.pipeline import ON_REGIONS, Context, Product
from service.settings import packaged_models

ROWS, COLUMNS, REPEAT = 4096, 3328, 5


def main() -> None:
    """Print the median seconds of each stage and the peak memory above idle; write them too."""
    arguments = asked()
    run = begun(
        f"pipeline-{arguments.pipeline}",
        f"One view of {arguments.rows} x {arguments.columns} through {arguments.pipeline}",
        "python bench/pipeline.py",
        whole=is_whole(arguments),
    )
    shelf = packaged_models()
    pipeline = catalogue(card for _, card in newest(shelf) if isinstance(card, Card))[
        arguments.pipeline
    ]
    engines = {
        network: open_engine(find_card(shelf, network.removesuffix(ON_REGIONS)))
        for network in pipeline.networks
    }
    seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def watched(stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[stage].append(time.perf_counter() - started)

    context = Context(
        engine_of=engines.__getitem__,
        product=Product("bench", "bench", "BENCH"),
        site_key=b"bench",
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
        progress=watched,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "LCC.dcm"
        size = Exposure(rows=arguments.rows, columns=arguments.columns)
        mammogram("LCC", size).save_as(path, enforce_file_format=True)
        idle = _resident()
        with _peak() as peak:
            for _ in range(arguments.repeat):
                with watched("in all"):
                    pipeline.run([dcmread(path)], context)
    backends = ", ".join(sorted({engine.backend for engine in engines.values()}))
    used, held = (peak() - idle) / 1e6, idle / 1e6
    rows = [
        {"stage": stage, "seconds": round(float(np.median(taken)), 2)}
        for stage, taken in seconds.items()
    ]
    text = (
        f"{run.made()}{backends}, {os.cpu_count()} cores, median of {arguments.repeat}.\n\n"
        f"{table(rows)}\n\n"
        f"Memory: {used:.0f} MB above idle at its peak ({held:.0f} MB, engines open); wanted: 700."
    )
    what = f"{arguments.pipeline}, one view of {arguments.rows} x {arguments.columns}"
    figures = {
        f"{what}, in a worker": f"{rows[-1]['seconds']} s",
        "... memory at its peak, above idle": f"{used:.0f} MB",
    }
    run.write(text, figures, backends=backends, rows=rows, memory_mb={"peak": used, "idle": held})


def asked(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for, on the command line where it is not `given`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument("--repeat", type=int, default=REPEAT)
    parser.add_argument("--quick", dest="repeat", action="store_const", const=1)
    parser.add_argument("--pipeline", default="super-resolution")
    return parser.parse_args(given)


def is_whole(arguments: argparse.Namespace) -> bool:
    """Tell whether that is the full field, as often as the results have it."""
    size = (arguments.rows, arguments.columns)
    return size == (ROWS, COLUMNS) and arguments.repeat >= REPEAT


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
