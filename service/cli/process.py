"""`senoscope process`: files in, result objects out, without a node."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from pipelines.eligibility import ALLOWABLE
from pipelines.kinds import Kind
from pipelines.regions.boxes import read_boxes
from service.cli.options import Config, Json, console, examples, print_json
from service.delivery.files import find_files
from service.errors import BadConfigurationError, RefusedError
from service.offline import Offline, Processed, Wish
from service.report.page import write_report
from service.wiring import make_offline


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope process study/ --out results/",
            "senoscope process a.dcm b.dcm --pipeline cad --out out --json",
            "senoscope process study/ -p cad -o out --kind cad-sr --kind seg",
            "senoscope process a.dcm -p cad -o out --regions boxes.json",
            "senoscope process study/ -p cad -o out --report",
        )
    )(process)


def process(
    *,
    paths: Annotated[
        list[Path], typer.Argument(help="DICOM files, or folders of them.", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the results go.")],
    pipeline: Annotated[
        str, typer.Option("--pipeline", "-p", help="Its name.")
    ] = "super-resolution",
    kind: Annotated[
        list[Kind] | None,
        typer.Option(help="A kind of result that is wanted; default: all. Repeatable."),
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(help="JSON: the boxes of each image that cad is to look at, and no others."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help=f"Images that cad takes although: {', '.join(ALLOWABLE)}. Repeatable."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write report.html too: a page with pictures.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, or auto for the best there is.")] = "auto",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run a pipeline on files and write its result objects; go on where it was interrupted."""
    files = find_files(paths)
    wish = _wish(kind, regions, allow)
    done = _watched(make_offline(config, pipeline, device, out, wish), files, as_json)
    if as_json:
        print_json([asdict(each) for each in done])
    for each in [] if as_json else done:
        _tell(each)
    if report:
        path = write_report(out, done)
        if not as_json:
            console.print(f"report   -> {path}", soft_wrap=True)
    failed = sum(each.outcome == "failed" for each in done)
    if failed:
        raise RefusedError(f"{failed} of {len(done)} failed; the reasons are above")


def _watched(offline: Offline, files: list[Path], as_json: bool) -> list[Processed]:
    """Return what became of each file, and show how far it is meanwhile."""
    done = []
    with Progress(console=console, disable=as_json) as progress:
        task = progress.add_task(offline.pipeline.name, total=len(files))
        for each in offline.process(files):
            done.append(each)
            progress.advance(task, len(each.paths))
    return done


def _wish(kinds: list[Kind] | None, regions: Path | None, allow: list[str] | None) -> Wish:
    unknown = set(allow or ()) - set(ALLOWABLE)
    if unknown:
        raise BadConfigurationError(
            f"--allow {min(unknown)}: no such kind of image; there is {', '.join(ALLOWABLE)}"
        )
    try:
        boxes = read_boxes(regions.read_text(encoding="utf-8")) if regions else {}
    except (OSError, ValueError) as error:
        raise BadConfigurationError(f"{regions}: {error}") from error
    if regions and not boxes:
        raise BadConfigurationError(f"{regions}: it names no image")
    return Wish(frozenset(kinds or Kind), boxes, tuple(allow or ()))


def _tell(each: Processed) -> None:
    said = ["done before"] if each.was_known else []
    reason = "".join(f": {one}" for one in [*said, each.reason] if one)
    seconds = f" ({sum(each.stages.values()):.1f} s)" if each.stages else ""
    console.print(f"{each.outcome:8} {', '.join(each.paths)}{reason}{seconds}", soft_wrap=True)
    for result in each.results:
        console.print(f"         -> {result}", soft_wrap=True)
