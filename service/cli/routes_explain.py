"""`senoscope routes explain`: what routes make of images, and which condition stands against it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_json
from service.clock import now
from service.delivery.files import find_files
from service.errors import NodeError, WrongUsageError
from service.ledger.reading import UNREADABLE, read_file
from service.ledger.uids import is_uid
from service.models import Versions
from service.parts import Parts
from service.router.explaining import Answer
from service.router.judge import Judge
from service.router.routes_file import load_routes
from service.router.trying import ANYBODY, Looked, answers, of_header, of_study
from service.router.values import openly
from service.settings import load_settings

Draft = Annotated[
    Path | None, typer.Option("--routes", help="As if this file were in force.", exists=True)
]


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        "explain",
        epilog=examples(
            "senoscope routes explain study/ --calling MAMMO1",
            "senoscope routes explain 2.25.1234 --routes draft.toml",
        ),
    )(explain)


def explain(
    images: Annotated[
        list[str], typer.Argument(help="Files, folders, or UIDs of studies that are kept.")
    ],
    calling: Annotated[
        str, typer.Option(help="As if this AE title had sent them. Default: who did, else ANY.")
    ] = "",
    draft: Draft = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show all values, those that tell of a patient too.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say for each image what each route makes of it, or which condition stands against it."""
    parts = Parts(load_settings(config))
    judge = judge_of(parts, draft)
    if values:
        judge = replace(judge, show=openly)
    looked = [one for word in images for one in _looked(parts, word, calling)]
    told = answers(judge, looked)
    if as_json:
        print_json([_as_dict(one, answer) for one, found in told for answer in found])
    else:
        _print(told)
    if any(answer.reason.startswith("refused: ") for _, found in told for answer in found):
        raise typer.Exit(1)


def judge_of(parts: Parts, draft: Path | None) -> Judge:
    """Return what judges by the routes in force, or by those of `draft`.

    Raises:
        BadConfigurationError: if there are none, or the draft is wrong.
    """
    pipelines = parts.pipelines
    routes = load_routes(draft, pipelines, parts.own_door) if draft else parts.routes.current()
    return Judge(routes, pipelines, Versions(pipelines), now())


def _looked(parts: Parts, word: str, calling: str) -> Iterator[Looked]:
    """Yield what is meant by `word`: the images in files, or of a study that is kept."""
    if Path(word).exists():
        yield from (_in_file(path, calling or ANYBODY) for path in find_files([Path(word)]))
    elif is_uid(word):
        yield from of_study(parts.ledger, parts.received, word, calling)
    else:
        raise WrongUsageError(f"{word}: no such file, and no Study Instance UID")


def _in_file(path: Path, calling: str) -> Looked:
    try:
        header = read_file(path, stop_before_pixels=True)
        return of_header(str(path), header, calling, now())
    except NodeError as error:
        return Looked(str(path), error=str(error))
    except UNREADABLE:
        return Looked(str(path), error=f"cannot read {path.name}: its UIDs are none")


def _print(images: Sequence[tuple[Looked, Sequence[Answer]]]) -> None:
    """Print each image with what each route says of it under it."""
    for looked, told in images:
        typer.echo(looked.name)
        for answer in told:
            where = ", ".join(filter(None, (answer.route, answer.pipeline)))
            word = "yes" if answer.taken else "no "
            typer.echo(f"    {word} {f'{where}: ' if where else ''}{answer.reason}")


def _as_dict(looked: Looked, answer: Answer) -> Mapping[str, object]:
    uid = looked.instance.sop_instance_uid if looked.instance else ""
    return {"image": looked.name, "sop_instance_uid": uid, **asdict(answer)}
