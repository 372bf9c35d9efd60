"""`senoscope evaluate`: how well a model does on sets of images."""

from pathlib import Path
from typing import Annotated

import typer

from engines.card import CardError
from engines.engine import UnusableError
from engines.plans.store import PlanStore
from engines.shelf import find_card, verify
from service.cli.evaluate import cad, enlarging
from service.cli.evaluate.bench import Bench
from service.cli.options import Config, Json, examples
from service.errors import RefusedError, WrongUsageError
from service.settings import load_settings

CAD, DETECTOR = "cad", "detector"

NamedFolders = list[str]


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope evaluate fsrcnn-x2",
            "senoscope evaluate fsrcnn-x2 --images Urban100=urban/ --out report.md",
            "senoscope evaluate cad",
            "senoscope evaluate cad --classical --out report.md",
            "senoscope evaluate --all --report report/",
            "senoscope evaluate --all --report report/ --data /data/other-patients --json",
        )
    )(evaluate)


def evaluate(
    *,
    name: Annotated[
        str | None,
        typer.Argument(help="The model, as it is called on the shelf; cad for the detector."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Everything on the shelf, in one report.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="--all: the report goes there; what is kept in it is not measured anew."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Which; default: the newest.")] = None,
    config: Config = None,
    models: Annotated[Path | None, typer.Option(help="Another shelf than the settings'.")] = None,
    data: Annotated[
        Path,
        typer.Option(envvar="SENOSCOPE_DATA", help="Holds natural/val and mammo/mias."),
    ] = Path("../shared/data"),
    images: Annotated[
        NamedFolders | None, typer.Option(metavar="NAME=DIR", help="Another set. Repeatable.")
    ] = None,
    mammograms: Annotated[
        NamedFolders | None,
        typer.Option(metavar="NAME=DIR", help="Another set, judged in the breast. Repeatable."),
    ] = None,
    detector: Annotated[
        str, typer.Option(help="cad: the detector; its card names the others.")
    ] = DETECTOR,
    limit: Annotated[
        int | None, typer.Option(min=1, help="cad: only the first so many films.")
    ] = None,
    classical: Annotated[
        bool, typer.Option("--classical", help="cad: beside a detector without a network.")
    ] = False,
    device: Annotated[str, typer.Option(help="cad: cpu, cuda:0 or auto.")] = "cpu",
    out: Annotated[Path | None, typer.Option(help="Write a Markdown report there.")] = None,
    as_json: Json = False,
) -> None:
    """Print how well a model does: PSNR and SSIM of one that enlarges, FROC of one that detects."""
    settings = load_settings(config)
    shelves = models or settings.shelves
    plans = PlanStore(settings.plans)
    if everything:
        if name is not None or report is None:
            raise WrongUsageError("--all takes no model, and wants --report DIR")
        bench = Bench(shelves, data, device, plans, tuple(images or ()), tuple(mammograms or ()))
        all_of_it(bench, report, as_json=as_json)
        return
    if name is None:
        raise WrongUsageError("name a model of the shelf, or --all with --report DIR")
    try:
        card = find_card(shelves, detector if name == CAD else name, version)
        verify(card)
        if card.chain is None:
            sets = enlarging.Sets(data, tuple(images or ()), tuple(mammograms or ()))
            enlarging.evaluate(card, sets, out, as_json=as_json)
            return
        if images or mammograms:
            raise WrongUsageError("--images and --mammograms are for models that enlarge")
        opener = cad.Opener(shelves, device, plans)
        wish = cad.Wish(data, limit, with_peer=classical)
        cad.evaluate(card, opener, wish, out, as_json=as_json)
    except (CardError, UnusableError) as error:
        raise RefusedError(str(error)) from error


def all_of_it(bench: Bench, report: Path, *, as_json: bool) -> None:
    """Measure everything on the shelf, and write the report.

    Raises:
        Exit: some part that could have been measured went wrong.
        RefusedError: it cannot be written, or what it is measured or drawn with is not installed.
    """
    try:
        from service.cli.evaluate.everything import evaluate as measure  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RefusedError(f"--all needs senoscope[train]: {error}") from error
    measure(bench, report, f"senoscope evaluate --all --report {report}", as_json=as_json)
