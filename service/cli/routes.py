"""`senoscope routes`: is the file right, and what would it do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydicom import Dataset

from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.delivery.files import find_files
from service.ledger.reading import read_file
from service.ledger.records import Decision, Instance, Job
from service.parts import Parts, now
from service.router.routes_file import load_routes
from service.wiring import settings_of

app = typer.Typer(help="Routes: who may send, what is done, where it goes.", no_args_is_help=True)


@app.command("check", epilog=examples("senoscope routes check routes.toml"))
def check(
    file: Annotated[
        Path | None, typer.Argument(help="Default: the one that the settings name.")
    ] = None,
    config: Config = None,
) -> None:
    """Say whether a file of routes is right; if not, name the line and the remedy."""
    parts = Parts(settings_of(config))
    path = file or parts.settings.routes_file
    routes = load_routes(path, parts.pipelines, parts.own_door)
    console.print(
        f"{path}: right: {len(routes.routes)} routes, {len(routes.destinations)} destinations"
    )


@app.command("explain", epilog=examples("senoscope routes explain study/ --calling MAMMO1"))
def explain(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files, or folders.", exists=True)],
    calling: Annotated[str, typer.Option(help="As if this AE title had sent them.")] = "ANY",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say which routes files would take, and why not the others."""
    judge = Parts(settings_of(config)).router().judge()
    found = []
    for path in find_files(paths):
        header = read_file(path, stop_before_pixels=True)
        found.append((str(path), judge.judge(_as_if_received(header, calling), header)))
    _tell(found, as_json)


@app.command("replay", epilog=examples("senoscope routes replay 2.25.1234"))
def replay(
    study_uid: Annotated[str, typer.Argument(help="Study Instance UID.", metavar="STUDY_UID")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say what today's routes would do to a study that is kept; nothing is done."""
    parts = Parts(settings_of(config))
    judge = parts.router().judge()
    parts.ledger.study(study_uid)
    found = [
        (one.sop_instance_uid, judge.judge(one, parts.received.header(one.sop_instance_uid)))
        for one in parts.ledger.instances(study_uid)
    ]
    _tell(found, as_json)


Judged = Sequence[tuple[Decision, Job | None]]


def _tell(found: Sequence[tuple[str, Judged]], as_json: bool) -> None:
    if as_json:
        print_json([{"image": name, **_row(decision)} for name, j in found for decision, _ in j])
        return
    print_table(
        "What these routes make of it",
        ["image", "route", "pipeline", "taken", "why"],
        [
            [name, d.route, d.pipeline, "yes" if d.taken else "no", d.reason]
            for name, judged in found
            for d, _ in judged
        ],
    )


def _row(decision: Decision) -> Mapping[str, object]:
    kept = ("sop_instance_uid", "route", "pipeline", "taken", "reason")
    return {key: value for key, value in asdict(decision).items() if key in kept}


def _as_if_received(header: Dataset, calling: str) -> Instance:
    return Instance(
        sop_instance_uid=str(header.get("SOPInstanceUID", "")),
        sop_class_uid=str(header.get("SOPClassUID", "")),
        study_instance_uid=str(header.get("StudyInstanceUID", "")),
        series_instance_uid=str(header.get("SeriesInstanceUID", "")),
        transfer_syntax_uid="",
        calling_ae_title=calling,
        view="",
        size=0,
        digest="",
        received_at=now(),
    )
