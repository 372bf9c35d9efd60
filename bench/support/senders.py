"""dcmtk's storescu, several at a time."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.receivers import CALLED, HOST, Receiver, environment, program

LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it."""

    seconds: float
    processor_seconds: float
    """Of the receiver."""
    fault: str
    """Empty where every file was answered Success and is there."""


def send(receiver: Receiver, paths: Sequence[Path], senders: int, size: int) -> Sent:
    """Send the files by that many associations at a time, each with its share of them."""
    shares = [[str(path) for path in paths[one::senders]] for one in range(senders)]
    head = [program("storescu"), "-R", "-aet", "SENDER", "-aec", CALLED, HOST, str(receiver.port)]
    os.sync()
    busy, started = receiver.processor_seconds(), time.perf_counter()
    running = [
        subprocess.Popen(  # noqa: S603
            [*head, *share], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
        )
        for share in shares
    ]
    said = [one.communicate(timeout=LONGEST_S)[0] for one in running]
    seconds = time.perf_counter() - started
    busy = receiver.processor_seconds() - busy
    faults = [text.decode(errors="replace").strip()[-200:] for text in said if text]
    faults += [f"exit status {one.returncode}" for one in running if one.returncode]
    kept = receiver.kept(size // 2)
    if kept != len(paths):
        faults.append(f"{kept} of {len(paths)} files are there")
    receiver.clear(size // 2)
    return Sent(seconds, busy, "; ".join(faults))
