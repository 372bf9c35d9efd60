"""`senoscope datasets`: public collections of mammograms, made ready to train and evaluate on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.options import Json, console, examples, print_json, print_table
from service.datasets import cbis_ddsm, checking, inbreast, mini_mias
from service.datasets.preparing import Plan, Summary
from service.datasets.preparing import prepare as prepare_plan
from service.errors import RefusedError, WrongUsageError

SHOWN = 10
"""Lines of what is missing or doubtful; the rest is in prepared.json and in --json."""

app = typer.Typer(
    help="Make public collections of mammograms ready to train and evaluate on.",
    no_args_is_help=True,
)


class Collection(StrEnum):
    """The collections that can be prepared."""

    CBIS_DDSM = "cbis-ddsm"
    MINI_MIAS = "mini-mias"
    INBREAST = "inbreast"


@app.callback()
def datasets() -> None:
    """Make public collections of mammograms ready to train and evaluate on."""


@app.command(
    epilog=examples(
        "senoscope datasets prepare mini-mias ~/all-mias --out data",
        "senoscope datasets prepare cbis-ddsm /mnt/cbis --out data --partial",
        "senoscope datasets prepare inbreast 'INbreast Release 1.0' --out data --spacing 0.2",
        "senoscope evaluate cad --data data",
    )
)
def prepare(
    *,
    collection: Annotated[Collection, typer.Argument(help="Which it is.")],
    source: Annotated[Path, typer.Argument(help="The folder it was downloaded and unpacked to.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The root of all data; the set goes to mammo/.")
    ],
    spacing: Annotated[
        float | None,
        typer.Option(min=0.01, max=5, help="inbreast: shrink to so many mm a pixel."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="What is missing in the folder is no failure.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn an original collection into the layout that is trained and evaluated on.

    What is done is not done again; what is missing or broken keeps nothing else back.
    """
    if spacing is not None and collection is not Collection.INBREAST:
        raise WrongUsageError("--spacing is for inbreast: the others have a scale of their own")
    with _refusing():
        summaries = [
            _watched(plan, out, hidden=as_json) for plan in _plans(collection, source, spacing)
        ]
    if as_json:
        print_json([asdict(one) for one in summaries])
    for one in [] if as_json else summaries:
        _tell(one)
    _judge(summaries, partial=partial)


@app.command(
    epilog=examples("senoscope datasets check data", "senoscope datasets check data/mammo/mias")
)
def check(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The root of all data, or a set in it.")
    ],
    as_json: Json = False,
) -> None:
    """Say what prepared sets hold, and what is missing or doubtful in them."""
    with _refusing():
        found = [checking.check(each) for each in checking.sets_under(folder)]
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        _show(found)
    problems = sum(len(one.problems) for one in found)
    if problems:
        raise RefusedError(f"{problems} things are missing or broken; prepare the set again")


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what is wrong with files into this node's words."""
    try:
        yield
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _plans(collection: Collection, source: Path, spacing: float | None) -> list[Plan]:
    match collection:
        case Collection.CBIS_DDSM:
            return cbis_ddsm.plans(source)
        case Collection.MINI_MIAS:
            return [mini_mias.plan(source)]
        case Collection.INBREAST:
            return [inbreast.plan(source, spacing)]


def _watched(plan: Plan, out: Path, *, hidden: bool) -> Summary:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=hidden) as progress:
        task = progress.add_task(plan.folder, total=len(plan.items))
        return prepare_plan(plan, out, lambda: progress.advance(task))


def _tell(summary: Summary) -> None:
    rows = ", ".join(f"{count} rows in {table}.csv" for table, count in summary.rows.items())
    console.print(
        f"{summary.folder}: {summary.made} made, {summary.kept} made before; {rows}",
        soft_wrap=True,
    )
    for what in ("missing", "failed", "doubts"):
        _list(what, getattr(summary, what))


def _list(what: str, lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        console.print(f"  {what}: {line}", soft_wrap=True, markup=False, highlight=False)
    if len(lines) > SHOWN:
        console.print(f"  {what}: and {len(lines) - SHOWN} more (all of them: --json)")


def _judge(summaries: Sequence[Summary], *, partial: bool) -> None:
    """Let nothing be broken and, unless that is wanted, nothing be missing.

    Raises:
        RefusedError: something is.
    """
    failed = sum(len(one.failed) for one in summaries)
    missing = sum(len(one.missing) for one in summaries)
    if failed:
        raise RefusedError(f"{failed} failed, {missing} are missing; the others are prepared")
    if missing and not partial:
        raise RefusedError(
            f"{missing} are missing, the others are prepared; get the rest and run this again, or "
            "say --partial if you have no more"
        )


def _show(found: Sequence[checking.Checked]) -> None:
    print_table(
        "Prepared sets",
        ["set", "images", "patients", "lesions", "what"],
        [
            [Path(one.folder).name, one.images, one.patients, one.lesions, _what(one)]
            for one in found
        ],
    )
    for one in found:
        if one.problems or one.doubts:
            console.print(one.folder, soft_wrap=True)
        _list("problem", one.problems)
        _list("doubtful", one.doubts)


def _what(one: checking.Checked) -> str:
    """Return what a set holds, in words."""
    parts = [one.by_severity, one.by_kind, one.by_split]
    said = [", ".join(f"{count} {name}" for name, count in part.items()) for part in parts]
    return "; ".join([*filter(None, said), f"{one.masks} masks"])
