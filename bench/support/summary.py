"""One table of all benches, from what each wrote down."""

import json
from collections.abc import Iterator
from pathlib import Path

HEAD = """\
# What the benches found

Made by `python bench/summary.py` from the JSON files here, as each bench does at its end. Each
row is of the run whose date it bears, on that machine, which other work may have used too (load, a
minute's mean before it began): only what stands within one run is to be compared.

| what | figure | command | date | machine |
| --- | --- | --- | --- | --- |
"""


def write_summary(folder: Path) -> str:
    """Return the table of what is in `folder`, having written it there."""
    text = HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows(folder))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(text, encoding="utf-8")
    return text


def rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield what was measured, what came of it, by which command, when, and on what."""
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        report = f"[{told['date']}]({path.stem}.md)"
        machine = ",".join(told["cpu"].split(",")[:2])
        if "load_at_start" in told:
            machine += f", load {told['load_at_start']:.1f}"
        for what, figure in told["figures"].items():
            yield what, figure, f"`{told['command']}`", report, machine
