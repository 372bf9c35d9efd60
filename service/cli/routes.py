"""`senoscope routes`: is the file right, and what would it do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from service.cli import routes_explain, routes_history, routes_replay
from service.cli.options import Config, Json, examples, print_json
from service.notify.words import counted
from service.parts import Parts
from service.router.examining import Examined, Remark, examine
from service.router.oddities import oddities
from service.router.routes_file import read_text
from service.router.schema import routes_schema
from service.settings import load_settings

app = typer.Typer(help="Routes: who may send, what is done, where it goes.", no_args_is_help=True)


@app.command(
    "check", epilog=examples("senoscope routes check routes.toml", "senoscope routes check --json")
)
def check(
    file: Annotated[
        Path | None, typer.Argument(help="Default: the one that the settings name.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say everything that is wrong with a file of routes, with line, column and remedy."""
    parts = Parts(load_settings(config))
    path = file or parts.settings.routes_file
    text = read_text(path)
    examined, odd = examine(text, parts.pipelines, parts.own_door), oddities(text)
    if as_json:
        print_json(_as_dict(path, examined, odd))
    else:
        _print_examined(path, examined, odd)
    if examined.routes is None:
        raise typer.Exit(1)


@app.command("schema", epilog=examples("senoscope routes schema > routes.schema.json"))
def schema() -> None:
    """Print the JSON Schema of routes.toml, for editors that complete and check."""
    print_json(routes_schema())


def _print_examined(path: Path, examined: Examined, odd: Sequence[Remark]) -> None:
    """Print one line for each mistake and warning, in the order of the file, and how it stands."""
    told = [(one.place, "mistake", one) for one in examined.mistakes]
    told += [(one.place, "warning", one) for one in odd]
    for place, word, one in sorted(told, key=lambda entry: entry[0]):
        typer.echo(f"{path}:{place.line}:{place.column}: {word}: {one.told()}")
    if examined.routes is None:
        typer.echo(f"{path}: wrong: {counted(len(examined.mistakes), 'mistake')}")
        return
    routes = examined.routes
    destinations = counted(len(routes.destinations), "destination")
    there = f"{counted(len(routes.routes), 'route')}, {destinations}"
    nobody = "" if routes.routes else ": nobody is listened to"
    typer.echo(f"{path}: right: {there}{nobody}")


def _as_dict(path: Path, examined: Examined, odd: Sequence[Remark]) -> Mapping[str, object]:
    return {
        "file": str(path),
        "right": examined.routes is not None,
        "mistakes": [_remark(one) for one in sorted(examined.mistakes, key=lambda one: one.place)],
        "warnings": [_remark(one) for one in sorted(odd, key=lambda one: one.place)],
    }


def _remark(remark: Remark) -> Mapping[str, object]:
    return {**asdict(remark.place), "key": remark.key, "reason": remark.reason}


routes_explain.register(app)
routes_replay.register(app)
routes_history.register(app)
