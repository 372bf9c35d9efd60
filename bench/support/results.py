"""What a bench found, written for people (NAME.md) and for programs (NAME.json).

    run = begun("soak", "Soak", "make soak")
    ...
    run.write(run.made() + table(rows), {"studies lost": "0"}, rows=rows)

The table of all benches, README.md beside them, is made anew. A run that is not the whole one, as
with --quick, writes to build/bench, which git ignores.
"""

import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from support.machine import cpu
from support.summary import write_summary

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = PROJECT / "bench/results"
ROUGH = PROJECT / "build/bench"
LIBRARIES = ("openvino", "onnxruntime", "numpy", "pydicom", "pynetdicom", "SQLAlchemy", "celery")


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a bench, from where it began."""

    name: str
    """Of its files."""
    title: str
    command: str
    folder: Path
    date: str
    load: float
    """Of the machine when it began: processes that would run, a minute's mean."""

    def made(self) -> str:
        """Return the first paragraph: by which command, when, on what, and how busy that was."""
        return (
            f"`{self.command}`, {self.date}; {cpu()}; Python {platform.python_version()}; "
            f"load {self.load:.1f} at the beginning, {_load():.1f} at the end.\n\n"
        )

    def write(self, text: str, figures: Mapping[str, str], **found: object) -> None:
        """Print `text` and write it under the title, and all that was found beside it.

        `figures` go into the table of all benches: what was measured, and what came of it.
        """
        told = f"# {self.title}\n\n{text.strip()}\n"
        print(f"\n{told}", flush=True)
        record = {
            "what": self.title,
            "command": self.command,
            "date": self.date,
            "cpu": cpu(),
            "load_at_start": round(self.load, 2),
            "load_at_end": round(_load(), 2),
            "python": platform.python_version(),
            "versions": {library: version(library) for library in LIBRARIES},
            "figures": dict(figures),
            **found,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{self.name}.md").write_text(told, encoding="utf-8")
        written = json.dumps(record, indent=1, ensure_ascii=False)
        (self.folder / f"{self.name}.json").write_text(f"{written}\n", encoding="utf-8")
        write_summary(self.folder)


def begun(name: str, title: str, command: str, *, whole: bool = True) -> Run:
    """Return a run that begins now; what this process was called with is added to `command`."""
    given = shlex.join(sys.argv[1:])
    if given:
        command += f' ARGS="{given}"' if command.startswith("make ") else f" {given}"
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return Run(name, title, command, RESULTS if whole else ROUGH, date, _load())


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows that have the same keys as a table in Markdown; numbers stand to the right."""
    first = rows[0]
    sides = ["---" if isinstance(value, str) else "---:" for value in first.values()]
    lines = [list(first), sides, *(map(_told, row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _told(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _load() -> float:
    return os.getloadavg()[0]
