"""`senoscope evaluate --all`: everything on the shelf, measured, in one report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli.evaluate.bench import Bench
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.contents import contents
from service.cli.evaluate.everything.document import REPORT, write
from service.cli.evaluate.everything.machine import described
from service.cli.evaluate.everything.measuring import measured
from service.cli.evaluate.everything.parts import Keeper, Part, Watch
from service.cli.evaluate.everything.tables import Section
from service.cli.options import console, print_json
from service.errors import RefusedError


def evaluate(bench: Bench, folder: Path, command: str, *, as_json: bool) -> None:
    """Measure everything, and write the report into `folder`.

    Raises:
        Exit: some part that could have been measured went wrong.
        RefusedError: the report cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        chapters = contents(bench, folder)
        keeper = Keeper(folder, lambda: datetime.now(UTC), described())  # noqa: TID251 - a command
        with _progress(hidden=as_json) as progress:
            task = progress.add_task("", total=None)

            def begin(part: Part[Any]) -> Watch:
                if not console.is_terminal:  # nobody sees a bar there
                    typer.echo(part.name, err=True)
                progress.reset(task, total=part.steps, description=part.name)
                return lambda: progress.advance(task)

            results = list(measured(chapters, keeper, folder, begin))
        sections = write(folder, command, chapters, results)
    except OSError as error:
        raise RefusedError(f"no report: {error.filename}: {error.strerror}") from error
    _say(folder / REPORT, sections, results, as_json=as_json)
    if any(found.failed for found in results):
        raise typer.Exit(1)


def _progress(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=hidden,
    )


def _say(
    report: Path, sections: Sequence[Section], results: Sequence[Results], *, as_json: bool
) -> None:
    if as_json:
        print_json(_plain(report, sections, results))
        return
    for found in results:
        for missing in found.missing:
            console.print(f"not measured: {missing.name}: {missing.reason}")
        for failed in found.failed:
            typer.echo(f"failed: {failed.name}: {failed.reason}", err=True)
    done = [one for found in results for one in found.done]
    again = sum(not one.is_new for one in done)
    console.print(f"{len(done)} parts, {again} of them kept from before: {report}")


def _plain(
    report: Path, sections: Sequence[Section], results: Sequence[Results]
) -> dict[str, object]:
    return {
        "report": report,
        "parts": [
            {"name": one.name, "made": one.made, "seconds": one.seconds, "is_new": one.is_new}
            for found in results
            for one in found.done
        ],
        "not measured": [
            {"name": one.name, "reason": one.reason, "remedy": one.remedy}
            for found in results
            for one in found.missing
        ],
        "failed": [
            {"name": one.name, "reason": one.reason} for found in results for one in found.failed
        ],
        "tables": {table.name: table.plain() for section in sections for table in section.tables},
    }
