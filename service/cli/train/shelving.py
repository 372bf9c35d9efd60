"""`senoscope train shelve`: the weights of a run on a shelf, with a card that says all of them."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from engines.card import CardError
from engines.importing.foreign import ForeignError
from engines.importing.shelving import replace, shelve
from service.cli.options import console, examples
from service.errors import RefusedError

EPILOG = examples(
    "senoscope train shelve .work/training/unet",
    "senoscope train shelve .work/training/fsrcnn-x2 --name fsrcnn-x2 --version 2 --shelf models",
)


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command("shelve", epilog=EPILOG)(put)


def put(
    run: Annotated[Path, typer.Argument(help="The folder of a run that has ended.")],
    name: Annotated[str | None, typer.Option(help="Default: that of the folder.")] = None,
    version: Annotated[str, typer.Option(help="Of these weights.")] = "1",
    shelf: Annotated[Path, typer.Option(help="Where models are.")] = Path("models"),
    whole: Annotated[bool, typer.Option("--fp32", help="Keep the weights in fp32.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Put the weights of a run on a shelf, kept in fp16, with a card that says how they came."""
    try:
        import onnx  # noqa: PLC0415

        from engines.compile.storing import slim  # noqa: PLC0415
        from engines.training.cards import card_of, papers  # noqa: PLC0415 - PyTorch is an extra
        from engines.training.loop import WEIGHTS  # noqa: PLC0415
    except ImportError as error:
        raise RefusedError(f"training needs senoscope[train]: {error}") from error
    try:
        stated = card_of(run, name or run.resolve().name, version)
        model = onnx.load_model(run / WEIGHTS)
        weights = (model if whole else slim(model)).SerializeToString()
        card = (replace if force else shelve)(shelf, stated, weights)
        for name_there, paper in papers(run).items():
            shutil.copyfile(paper, card.folder / name_there)
    except (OSError, ValueError, CardError, ForeignError) as error:
        raise RefusedError(str(error)) from error
    console.print(f"{card.name} {card.version}: {card.folder}")
