"""`senoscope process`: files in, result objects out, without a node."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from service.cli.options import Config, Json, console, examples, print_json
from service.delivery.files import find_files
from service.errors import RefusedError
from service.offline import Processed
from service.wiring import make_offline


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope process study/ --out results/",
            "senoscope process a.dcm b.dcm -o out --json",
        )
    )(process)


def process(
    paths: Annotated[
        list[Path], typer.Argument(help="DICOM files, or folders of them.", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the results go.")],
    pipeline: Annotated[
        str, typer.Option("--pipeline", "-p", help="Its name.")
    ] = "super-resolution",
    device: Annotated[str, typer.Option(help="cpu, or auto for the best there is.")] = "auto",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run a pipeline on files and write its result objects; go on where it was interrupted."""
    files = find_files(paths)
    offline = make_offline(config, pipeline, device, out)
    done = list(
        track(
            offline.process(files),
            description=pipeline,
            total=len(files),
            console=console,
            disable=as_json,
        )
    )
    if as_json:
        print_json([asdict(each) for each in done])
    for each in [] if as_json else done:
        _tell(each)
    failed = sum(each.outcome == "failed" for each in done)
    if failed:
        raise RefusedError(f"{failed} of {len(done)} files failed; the reasons are above")


def _tell(each: Processed) -> None:
    reason = f": {each.reason}" if each.reason else ""
    seconds = f" ({sum(each.stages.values()):.1f} s)" if each.stages else ""
    console.print(f"{each.outcome:8} {each.path}{reason}{seconds}", soft_wrap=True)
    for result in each.results:
        console.print(f"         -> {result}", soft_wrap=True)
