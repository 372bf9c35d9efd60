"""The report as a whole: what was measured, what was not, with what, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from service.cli.evaluate.everything.chapter import Chapter, Results
from service.cli.evaluate.everything.parts import replace_text
from service.cli.evaluate.everything.tables import Section

REPORT = "report.md"

TABLES = "tables"

HEAD = """\
# Senoscope: everything on the shelf, measured

Research use only: not a clinical evaluation. Every figure below was measured by the command that
stands with it; "not measured" says what is missing and what to do. Intervals are of 95 % (patients
drawn anew with all their images, 2000 times) unless something else is said. Beside this file:
`tables/` (every table and every single image as CSV), `figures/`, `parts/` (what was measured, kept
to be used again while weights, data and code are the same)."""


def write(
    folder: Path, command: str, chapters: Sequence[Chapter], results: Sequence[Results]
) -> list[Section]:
    """Write the report, its tables and its pictures; return its sections.

    Raises:
        OSError: they cannot be written.
    """
    every = [one for found in results for one in found.done]
    sections = [
        chapter.tell(replace(found, every=every))
        for chapter, found in zip(chapters, results, strict=True)
    ]
    (folder / TABLES).mkdir(parents=True, exist_ok=True)
    for section in sections:
        for table in (*section.tables, *section.beside):
            replace_text(folder / TABLES / f"{table.name}.csv", table.csv())
    text = [HEAD, _machines(results)]
    for section, found in zip(sections, results, strict=True):
        text += [section.markdown(), *_provenance(found, command)]
    replace_text(folder / REPORT, "\n\n".join(text) + "\n")
    return sections


def _machines(results: Sequence[Results]) -> str:
    machines = sorted({one.machine for found in results for one in found.done})
    return "\n".join(["Measured with:", "", *(f"- {machine}" for machine in machines)])


def _provenance(found: Results, command: str) -> Iterator[str]:
    """Yield with which command and when, and what was not measured."""
    if found.done:
        times = [one.made for one in found.done]
        seconds = sum(one.seconds for one in found.done)
        yield (
            f"*`{command}`, {len(times)} parts made {min(times):%Y-%m-%d %H:%M} to "
            f"{max(times):%Y-%m-%d %H:%M} UTC in {seconds:.0f} s of work.*"
        )
    absent = [
        f"- {one.name}: not measured: {one.reason}. Do: {one.remedy}" for one in found.missing
    ]
    broken = [f"- {one.name}: **failed**: {one.reason}" for one in found.failed]
    if absent or broken:
        yield "\n".join([*absent, *broken])
