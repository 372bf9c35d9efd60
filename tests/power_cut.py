"""A power cut, without a plug to pull: what a disk holds that forgets whatever was not synced.

Run as a program: ``power_cut.py FOLDER``; a listener of the node with spool and ledger in `FOLDER`,
which prints its port. `Disk.run` starts it with `power_cut.c` in it.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopback import door
from peers.programs import program

SOURCE = Path(__file__).with_suffix(".c")


class Disk:
    """A folder on a disk that is strict: it keeps what was synced, and forgets all else."""

    def __init__(self, place: Path, deaf: str = "") -> None:
        """Make it in `place`; `deaf` names what it lies about: see power_cut.c."""
        self.root, self._notes = place / "disk", place / "notes"
        for folder in (self.root, self._notes):
            folder.mkdir(parents=True)
        self._library = place / "power_cut.so"
        compiler = program("gcc", "gcc")
        command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror"]
        subprocess.run([*command, "-o", self._library, SOURCE], check=True)
        self._variables = {
            "LD_PRELOAD": str(self._library),
            "POWER_CUT_ROOT": str(self.root),
            "POWER_CUT_NOTES": str(self._notes),
            **({"POWER_CUT_DEAF": deaf} if deaf else {}),
        }
        self._noted = self.root.stat().st_ino

    @contextmanager
    def run(self) -> Iterator[tuple[subprocess.Popen[str], int]]:
        """Give a listener on this disk and its port; it is killed in the end, if not before."""
        tests = Path(__file__).parent
        paths = {"PYTHONPATH": f"{tests.parent}:{tests}"}
        with subprocess.Popen(
            [sys.executable, __file__, self.root],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self._variables, **paths},  # noqa: TID251 - for a child
        ) as process:
            try:
                assert process.stdout is not None
                yield process, int(process.stdout.readline())
            finally:
                process.kill()

    def after_the_cut(self, place: Path) -> Path:
        """Return a new folder at `place` with what is on the disk once power is back."""
        self._restore(self._noted, place)
        return place

    def _restore(self, inode: int, place: Path) -> None:
        place.mkdir(parents=True)
        note = self._notes / f"folder-{inode}"
        for line in note.read_text().splitlines() if note.exists() else []:
            kind, number, name = line.split(" ", 2)
            content = self._notes / f"file-{number}"
            if kind == "d":
                self._restore(int(number), place / name)
            else:  # a name whose bytes were never synced stands for an empty file
                (place / name).write_bytes(content.read_bytes() if content.exists() else b"")


def main(folder: Path) -> None:
    with door(folder) as node:
        print(node.port, flush=True)  # noqa: T201 - the test reads it
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
