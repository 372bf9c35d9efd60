"""`senoscope reader-study`: side-by-side reading and its statistics."""

import secrets
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.progress import Progress

from pipelines.kinds import Kind
from service.cli.options import Config, Json, console, examples, print_json
from service.clock import now
from service.errors import RefusedError
from service.offline import Wish
from service.reader_study.pairing import PNG, cases_at
from service.reader_study.serving import Address, Sitting, serve, take
from service.reader_study.session import Wish as ReaderWish
from service.reader_study.session import enter
from service.wiring import make_offline

Done = TypeVar("Done")
DICM = slice(128, 132)
PIPELINE, OBJECTS = "super-resolution", "super-resolved"

app = typer.Typer(
    help="Read original and super-resolved side by side, and analyse it (Honjo 2022).",
    no_args_is_help=True,
)


@app.callback()
def reader_study() -> None:
    """Read original and super-resolved side by side, and analyse it (Honjo 2022)."""


@app.command(
    epilog=examples(
        "senoscope reader-study prepare mammograms/ --out study",
        "senoscope reader-study prepare a.dcm film.png --out study --json",
    )
)
def prepare(
    *,
    files: Annotated[
        list[Path],
        typer.Argument(help="Mammograms, DICOM or grey PNG, or folders of them.", exists=True),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the pairs and cases.csv go.")],
    device: Annotated[str, typer.Option(help="cpu, or auto for the best there is.")] = "auto",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make pairs of mammograms by the super-resolution pipeline, and list them in cases.csv."""
    from service.reader_study.prepare import (  # noqa: PLC0415 - only here
        Preparation,
        write_listing,
    )

    wish = Wish(frozenset({Kind.SC_MULTIFRAME}))
    offline = make_offline(config, PIPELINE, device, out / OBJECTS, wish)
    engine = offline.context.engine_of(offline.pipeline.networks[0])
    work = Preparation(out, out / OBJECTS, offline, engine)
    done = _watched(work.of(paths := _images(files, out)), len(paths), as_json)
    cases = [one.case for one in done if one.case is not None]
    left = [one for one in done if one.case is None]
    if not cases:
        raise RefusedError("; ".join(f"{one.path}: {one.reason}" for one in left) or "no images")
    listing = write_listing(out, cases)
    if as_json:
        told = {"cases": len(cases), "listing": listing, "left": {}}
        print_json({**told, "left": {str(one.path): one.reason for one in left}})
        return
    for one in left:
        console.print(f"left out {one.path}: {one.reason}", soft_wrap=True, highlight=False)
    console.print(f"{len(cases)} cases -> {listing}", soft_wrap=True, highlight=False)


@app.command(
    epilog=examples(
        "senoscope reader-study run study --reader anna --blinded",
        "senoscope reader-study run originals/ results/ --reader bob",
        "senoscope reader-study run cases.csv --reader anna --blinded --out answers --port 8123",
    )
)
def run(
    *,
    cases: Annotated[
        list[Path],
        typer.Argument(
            help="A folder with cases.csv, a CSV or TOML that lists pairs, or folders in which "
            "originals lie together with what was made of them.",
            exists=True,
        ),
    ],
    reader: Annotated[str, typer.Option(help="A short name for the reader: names a folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the answers go.")] = Path(
        "reader-study"
    ),
    blinded: Annotated[
        bool, typer.Option("--blinded", help="Left and right by chance, and not told.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 0,
    host: Annotated[str, typer.Option(help="This machine's address to listen on.")] = "127.0.0.1",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of left and right; default: a new one, kept.")
    ] = None,
) -> None:
    """Serve the reading page until Ctrl-C; the same command goes on where the reader stopped."""
    pairs = [pair for case in cases_at(cases) if (pair := case.pictures) is not None]
    seed = secrets.randbits(32) if seed is None else seed
    session = enter(out, pairs, ReaderWish(reader, blinded, seed), now())
    address = take(host, port)
    _invite(address)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    reading = serve(address, Sitting(out, session, pairs), now, stop)
    said = f"{reading.answered} of {reading.total} questions are answered"
    console.print(f"{said}; they are in {out / reader}", soft_wrap=True, highlight=False)


@app.command(
    epilog=examples(
        "senoscope reader-study analyse reader-study",
        "senoscope reader-study analyse reader-study study/cases.csv --out report",
        "senoscope reader-study analyse counts.csv --json",
    )
)
def analyse(
    *,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of answers; CSV files of counts (criterion, reader, n1 to n5, "
            "not_readable), of single scores (reader, case, criterion, score) or of cases.",
            exists=True,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write report.md and CSV files there.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print counts, means and Wilcoxon tests by criterion and reader, agreement and PIQE."""
    from service.reader_study import analysis  # noqa: PLC0415 - SciPy takes a second
    from service.reader_study.prepare import scores  # noqa: PLC0415 - only here

    found = analysis.gather(paths)
    cases = _watched(analysis.measured(found.cases, scores), len(found.cases), as_json)
    done = analysis.analyse(replace(found, cases=cases))
    written = done.write(out) if out else []
    if as_json:
        print_json({table.name: table.records() for table in done.tables})
        return
    if not written:
        typer.echo(done.markdown())
    for path in written:
        console.print(f"-> {path}", soft_wrap=True, highlight=False)


def _images(paths: list[Path], out: Path) -> list[Path]:
    """Return the files named, and the images in the folders named but for those made before."""
    made = (out / OBJECTS).resolve()
    found = list[Path]()
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else []
        found += [one for one in inside if made not in one.resolve().parents and _is_image(one)]
        found += [] if path.is_dir() else [path]
    return found


def _is_image(path: Path) -> bool:
    """Tell whether it is a PNG, or a DICOM file by its preamble (PS3.10 7.1)."""
    if not path.is_file():
        return False
    if path.suffix.lower() == PNG:
        return True
    with path.open("rb") as file:
        return file.read(DICM.stop)[DICM] == b"DICM"


def _invite(address: Address) -> None:
    if not address.is_local:
        console.print(
            "Anybody on the network may read along: the page is not encrypted. Better leave --host "
            "as it is, and come by `ssh -L`."
        )
    console.print("Research use only. Open this in a browser; Ctrl-C ends it:")
    typer.echo(address.url)


def _watched(done: Iterator[Done], total: int, as_json: bool) -> list[Done]:
    """Return what `done` yields, and show how far it is meanwhile."""
    found = []
    with Progress(console=console, disable=as_json or not total, transient=True) as progress:
        task = progress.add_task("cases", total=total)
        for one in done:
            found.append(one)
            progress.advance(task)
    return found
