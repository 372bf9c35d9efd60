"""`senoscope engines import`: somebody's ONNX file, as a model that routes can name."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from engines.card import Card, CardError, Task
from engines.importing.foreign import LARGEST, MB, ForeignError, read_foreign
from engines.importing.process import Bounds
from engines.importing.shelving import replace, shelve
from engines.importing.statement import (
    Stated,
    card_of,
    name_of,
    read_stated,
    with_options,
)
from engines.importing.wish import Found, Layout
from service.cli.engines.asking import Asker, labels_of
from service.cli.options import Config, Json, console, examples, print_json
from service.errors import RefusedError, WrongUsageError
from service.settings import Settings, load_settings, packaged_models


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        "import",
        epilog=examples(
            "senoscope engines import birads.onnx --task classification --labels benign,malignant",
            "senoscope engines import unet.onnx --card card.toml --tile 512 --yes",
            "senoscope engines import edsr.onnx --task super-resolution --range 0,255",
        ),
    )(import_engine)


def import_engine(
    file: Annotated[Path, typer.Argument(help="The network, weights inside.", metavar="FILE.onnx")],
    *,
    name: Annotated[str | None, typer.Option(help="Default: the file's.")] = None,
    version: Annotated[str | None, typer.Option(help="Default: 1.")] = None,
    task: Annotated[str | None, typer.Option(help=", ".join(get_args(Task)) + ".")] = None,
    card: Annotated[
        Path | None, typer.Option(help="A card.toml, or a part of one; options win over it.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="benign,malignant: what its answers stand for, in order.")
    ] = None,
    scale: Annotated[int | None, typer.Option(min=2, max=4, help="Default: measured.")] = None,
    tile: Annotated[
        int | None, typer.Option(min=1, max=8192, help="Side of its window in pixels.")
    ] = None,
    halo: Annotated[
        int | None,
        typer.Option(min=0, help="Pixels it sees to each side; default: computed, or whole image."),
    ] = None,
    output: Annotated[str | None, typer.Option(help="Which, if it has several.")] = None,
    layout: Annotated[str | None, typer.Option(help=", ".join(get_args(Layout)) + ".")] = None,
    value_range: Annotated[
        str | None, typer.Option("--range", help="What it takes black and white as: 0,255 or -1,1.")
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="What makes probabilities of its answers: softmax, sigmoid.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Of the weights and their images.")] = None,
    trained_on: Annotated[str | None, typer.Option(help="Which images.")] = None,
    summary: Annotated[str | None, typer.Option(help="What it is, in a sentence.")] = None,
    largest: Annotated[int, typer.Option(min=1, help="MB that the file may have.")] = LARGEST // MB,
    memory: Annotated[int, typer.Option(min=100, help="MB that it may take to run.")] = 8000,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take defaults.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put a network on the model shelf, having checked and tried it, so that routes can name it."""
    card_options = {
        "name": name,
        "version": version,
        "task": task,
        "labels": labels and labels_of(labels),
        "scale": scale,
        "tile": tile,
        "halo": halo,
        "range": value_range and _range(value_range),
        "licence": licence,
        "data": trained_on,
        "summary": summary,
    }
    wishes = {"output": output, "layout": layout, "activation": activation}
    asker = Asker(sys.stdin.isatty() and not yes and not as_json, takes_defaults=yes)
    settings = load_settings(config)
    try:
        bounds = Bounds(file=largest * MB, memory=memory * MB)
        read_foreign(file, bounds.file)  # before anybody is asked anything
        stated = with_options(read_stated(card) if card else {}, _said(card_options))
        _look_at_the_weights(file, stated)
        _look_at_the_place(file, stated, settings, force)
        stated = asker.completed(stated)
        stated, found, weights = asker.tried(file, stated, _said(wishes), bounds)
        put = replace if force else shelve
        made = put(settings.own_shelf, card_of(stated, found, file), weights)
    except (ForeignError, CardError) as error:
        raise RefusedError(str(error)) from None
    _tell(made, found, as_json)


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _range(said: str) -> list[float]:
    """Return BLACK,WHITE as two numbers."""
    try:
        black, white = (float(one) for one in said.split(","))
    except ValueError:
        raise WrongUsageError(f"--range: want two numbers, such as 0,255: it is {said!r}") from None
    return [black, white]


def _look_at_the_weights(file: Path, stated: Stated) -> None:
    """Make sure that a card which names its weights names these."""
    wanted = stated.get("sha256")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if wanted not in {None, digest}:
        raise RefusedError(f"{file}: sha256 is {digest}, the card says {wanted}")


def _look_at_the_place(file: Path, stated: Stated, settings: Settings, force: bool) -> None:
    """Make sure that the shelf is the hospital's own, and that no shipped model is hidden."""
    name = stated.get("name", name_of(file))
    if settings.own_shelf.resolve() == packaged_models().resolve():
        raise RefusedError(
            f"{settings.own_shelf} came with Senoscope: an update would lose what is put there; "
            'write models = "my-models" into senoscope.toml'
        )
    if (packaged_models() / str(name)).is_dir() and not force:
        raise RefusedError(
            f"{name} is the name of a shipped model, whose place it would take: "
            "say another --name, or --force"
        )


def _tell(card: Card, found: Found, as_json: bool) -> None:
    pipeline = f"{card.task}:{card.name}"
    if as_json:
        print_json(
            {
                "pipeline": pipeline,
                "folder": card.folder,
                "card": card.model_dump(mode="json"),
                "found": found.model_dump(mode="json"),
            }
        )
        return
    console.print(
        f"{card.folder}: on the shelf (tile {card.tile}, halo {card.halo}, scale {card.scale}; "
        f"one window took {found.seconds:.2f} s on ONNX Runtime)\n"
        f"verify it here:  senoscope engines verify {card.name}\n"
        f'use it:          pipelines = ["{pipeline}"] in routes.toml, or\n'
        f"                 senoscope process study/ --pipeline {pipeline} --out results/",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
