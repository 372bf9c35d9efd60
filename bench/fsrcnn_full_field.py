"""FSRCNN x2 on a full-field mammogram, against ONNX Runtime on the plain graph.

    python bench/fsrcnn_full_field.py [--rounds 5] [--quick]

All contenders take turns in every round, so that whatever else the machine does meets them alike;
each goes through the same tiling, scaling included. Compared are the best rounds of each.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from support.clock import Timing, timed
from support.full_field import COLUMNS, PEER, ROWS, TOP, field, peers
from support.ours import OURS, ours
from support.results import begun

from engines.backends.openvino import open_openvino
from engines.card import Card, Precision
from engines.engine import Engine
from engines.shelf import find_card, verify
from engines.tiling import enlarge

ROOT = Path(__file__).parents[1]
TITLE = f"FSRCNN x2, {ROWS} x {COLUMNS} to {2 * ROWS} x {2 * COLUMNS}, scaling included"
COMMAND = "python bench/fsrcnn_full_field.py"
ROUNDS = 5
PEER_TILES = (1024, 512, 256, 128)
TARGETS = {"openvino fp32": (2.5, 1.5), "openvino bf16": (5.0, 3.0)}
MEMORY_TARGET = 700
BEARS_BF16 = "1"
"""The version whose card allows bf16; the network, and so its speed in fp32, is the same in all."""


def contenders(card: Card, folder: Path) -> dict[str, Engine]:
    """Return the peer in each tile size and our engine in each precision."""
    return {**peers(card, folder, PEER_TILES), **ours(card)}


def race(engines: dict[str, Engine], rounds: int) -> dict[str, list[Timing]]:
    """Return the timings of each; a first round warms up and does not count."""
    pixels = field()
    timings: dict[str, list[Timing]] = {name: [] for name in engines}
    for number in range(rounds + 1):
        for name, engine in engines.items():
            timing = timed(lambda engine=engine: enlarge(engine, pixels, 0, TOP, TOP))
            if number:
                timings[name].append(timing)
                say(f"round {number}: {name}: {timing.seconds:.2f} s, others {timing.foreign:.0%}")
    return timings


def memory(precision: Precision) -> dict[str, float]:
    """Return a worker's memory in MiB: idle, its engine open, and at its peak, in and out included.

    Measured in a process of its own, this script with --worker.
    """
    command = [sys.executable, __file__, "--worker", precision]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return dict(json.loads(answer.stdout))


def work(card: Card, precision: Precision) -> None:
    """Enlarge one field and print what it took."""
    engine = open_openvino(card, precision)
    engine(np.zeros((1, 1, card.tile, card.tile), np.float32))
    idle = _resident("VmRSS")
    enlarge(engine, field_without_leftovers(), 0, TOP, TOP)
    peak = _resident("VmHWM")
    say(json.dumps({"idle": round(idle), "peak": round(peak), "above": round(peak - idle)}))


def field_without_leftovers() -> np.ndarray:
    """Return a full field made without the scratch memory of `field`, which would count as ours."""
    pixels = np.zeros((ROWS, COLUMNS), np.uint16)
    pixels += np.arange(COLUMNS, dtype=np.uint16)
    return pixels


def _resident(which: str) -> float:
    """Return this process's memory in MiB: now (VmRSS) or at its peak (VmHWM), proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


def report(timings: dict[str, list[Timing]], memories: dict[str, dict[str, float]]) -> dict:
    """Return all that was measured, as JSON takes it."""
    best = {name: min(one.seconds for one in of) for name, of in timings.items()}
    peers = {name: best[name] for name in map(PEER.format, PEER_TILES)}
    given, quickest = PEER.format(PEER_TILES[0]), min(peers, key=peers.__getitem__)
    foreign = median(one.foreign for of in timings.values() for one in of)
    return {
        "others_on_the_machine": round(foreign, 2),
        "seconds": {
            name: {
                "best": round(best[name], 3),
                "median": round(median(one.seconds for one in of), 3),
                "processor": round(min(one.processor_seconds for one in of), 3),
                "others": [round(one.foreign, 2) for one in of],
            }
            for name, of in timings.items()
        },
        "ratios": {
            name: {
                f"against {given}": round(best[given] / best[name], 2),
                "wanted": TARGETS[name][0],
                f"against its best ({quickest})": round(best[quickest] / best[name], 2),
                "wanted of that": TARGETS[name][1],
            }
            for name in OURS
            if name in best
        },
        "memory_mib": memories,
        "memory_wanted_above_idle": MEMORY_TARGET,
    }


def markdown(measured: dict) -> str:
    """Return the report for people."""
    lines = [
        f"Other processes had {measured['others_on_the_machine']:.0%} of the machine.",
        "",
        "| contender | best, s | median, s | processor seconds |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {taken['best']:.2f} | {taken['median']:.2f} | {taken['processor']:.2f} |"
            for name, taken in measured["seconds"].items()
        ),
        "",
    ]
    for name, ratios in measured["ratios"].items():
        (given, ratio), (_, wanted), (best, against_best), (_, wanted_of_best) = ratios.items()
        lines.append(
            f"- {name}: {ratio:.1f} times as fast {given} (wanted {wanted}), "
            f"{against_best:.1f} times {best} (wanted {wanted_of_best})"
        )
    for name, used in measured["memory_mib"].items():
        lines.append(
            f"- {name}: {used['above']} MiB above idle at its peak, in and out included "
            f"(wanted under {measured['memory_wanted_above_idle']})"
        )
    return "\n".join(lines) + "\n"


def figures_of(ratios: dict[str, dict]) -> dict[str, str]:
    """Return how many times as fast as ONNX Runtime we are, for the table of all benches."""
    told = {name: list(of.values()) for name, of in ratios.items()}
    return {
        f"FSRCNN x2 of a full field, {name}, times as fast as ONNX Runtime in tiles of "
        f"{PEER_TILES[0]}; in its best": f"{given:.1f}; {best:.1f}"
        for name, (given, _, best, _) in told.items()
    }


def say(line: str) -> None:
    """Print it at once."""
    print(line, flush=True)


def main() -> None:
    """Race, measure, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", dest="rounds", action="store_const", const=1)
    parser.add_argument("--worker", choices=OURS.values(), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    card = find_card(ROOT / "models", "fsrcnn-x2", BEARS_BF16)
    verify(card)
    if asked.worker:
        work(card, asked.worker)
        return
    run = begun("fsrcnn_full_field", TITLE, COMMAND, whole=asked.rounds >= ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        engines = contenders(card, Path(folder))
        timings = race(engines, asked.rounds)
    memories = {name: memory(OURS[name]) for name in OURS if name in engines}
    measured = report(timings, memories)
    run.write(run.made() + markdown(measured), figures_of(measured["ratios"]), **measured)


if __name__ == "__main__":
    main()
