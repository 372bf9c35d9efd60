"""How fast objects are received: this node, dcmtk's storescp and Orthanc, with the same senders.

    make bench-receive                          about six minutes
    make bench-receive ARGS="--quick"           one minute, rough
    make bench-receive ARGS="--only senoscope"

All receivers run all the time; they take turns at the same files, sent by storescu, and after each
turn the files become other objects. This node answers Success when file and folder are synced and
the row is committed; Orthanc when its file is synced; storescp syncs nothing. The node listens with
a process for each processor, and another one with the one process of the default.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset
from support.receive_report import Measured, report, tell
from support.receivers import RECEIVERS, Receiver, listening
from support.results import begun
from support.senders import Sent, send
from support.stamped import Stamped, mammogram_of_27_mb, slice_of_512

ROUNDS = 5
BUDGET_S = 400.0
"""After this no new round begins."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What is sent: files for each number of senders."""

    name: str
    image: Callable[[], Dataset]
    files: Mapping[int, int]


WORKLOADS = (
    Workload("mammograms of 27 MB", mammogram_of_27_mb, {1: 12, 4: 32, 16: 64}),
    Workload("slices of 512 x 512", slice_of_512, {1: 150, 4: 300, 16: 320}),
)


def main() -> None:
    """Print the median of each receiver, workload and number of senders; write them too."""
    arguments = asked()
    rounds = 2 if arguments.quick else arguments.rounds
    names = [name for name in RECEIVERS if not arguments.only or name in arguments.only]
    work = [one for one in WORKLOADS if arguments.work in one.name]
    measured: list[Measured] = []
    run = begun("receive", "Receiving", "make bench-receive", whole=is_whole(arguments))
    until = time.monotonic() + BUDGET_S
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="bench-receive-") as folder:
        for number, workload in enumerate(work, 1):
            left = (until - time.monotonic()) / (len(work) - number + 1)
            measured += _measure(workload, names, rounds, Path(folder) / f"{number}", left)
    report(measured, run, rounds)


def _measure(
    workload: Workload, names: list[str], rounds: int, folder: Path, budget_s: float
) -> list[Measured]:
    until = time.monotonic() + budget_s
    stamped = Stamped(workload.image(), max(workload.files.values()), folder / "sent")
    size, found = stamped.size, {}
    with ExitStack() as running:
        receivers = [
            running.enter_context(listening(name, RECEIVERS[name], folder / f"r{place}"))
            for place, name in enumerate(names)
        ]
        for receiver in receivers:
            send(receiver, stamped.renew(4), 2, size)
        for turn in range(rounds):
            if time.monotonic() > until:
                print(f"the time is over after {turn} of {rounds} rounds", flush=True)
                break
            for senders, files in workload.files.items():
                for receiver in _rotated(receivers, turn):
                    sent = send(receiver, stamped.renew(files), senders, size)
                    key = (receiver.name, senders)
                    found.setdefault(key, Measured(workload.name, *key, files, size)).add(sent)
                    tell(found[key], sent)
    return list(found.values())


def _rotated(receivers: list[Receiver], turn: int) -> list[Receiver]:
    start = turn % len(receivers)
    return receivers[start:] + receivers[:start]


def asked(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for, on the command line where it is not `given`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", choices=list(RECEIVERS))
    parser.add_argument("--work", default="", help="only workloads whose name holds this")
    parser.add_argument("--folder", help="on the disk to be measured; default: the system's")
    return parser.parse_args(given)


def is_whole(arguments: argparse.Namespace) -> bool:
    """Tell whether those are all receivers and workloads, in as many rounds as the results have."""
    part = arguments.quick or arguments.only or arguments.work
    return arguments.rounds >= ROUNDS and not part


__all__ = ["Sent", "main"]

if __name__ == "__main__":
    main()
