"""`senoscope evaluate`: how well a model does on sets of images."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from engines.backends.openvino import open_openvino
from engines.card import Card, CardError
from engines.engine import Engine, UnusableError
from engines.evaluation.areas import breast, whole
from engines.evaluation.scores import Area
from engines.evaluation.table import ImageSet, Method, Row, bicubic, compare, markdown
from engines.images import Grey, image_files
from engines.shelf import find_card, verify
from engines.tiling import enlarge
from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.errors import RefusedError
from service.wiring import settings_of

METHOD = (
    "Low resolution is the 2 x 2 binning of the 8-bit luma (BT.601, 16..235; grey images as they "
    "are), halves rounded up. PSNR and SSIM (Wang 2004) on the luma of 0..255, the outermost 2 "
    "pixels off, means over the images. The breast area is the largest region of 18 and more, "
    "after an opening by 9 x 9 pixels, holes filled."
)

NamedFolders = list[str]


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope evaluate fsrcnn-x2",
            "senoscope evaluate fsrcnn-x2 --images Urban100=urban/ --out report.md",
        )
    )(evaluate)


def evaluate(
    *,
    name: Annotated[str, typer.Argument(help="The model, as it is called on the shelf.")],
    version: Annotated[str | None, typer.Option(help="Which; default: the newest.")] = None,
    config: Config = None,
    models: Annotated[Path | None, typer.Option(help="Another shelf than the settings'.")] = None,
    data: Annotated[
        Path,
        typer.Option(envvar="SENOSCOPE_DATA", help="Holds natural/val and mammo/mias/images."),
    ] = Path("../shared/data"),
    images: Annotated[
        NamedFolders | None, typer.Option(metavar="NAME=DIR", help="Another set. Repeatable.")
    ] = None,
    mammograms: Annotated[
        NamedFolders | None,
        typer.Option(metavar="NAME=DIR", help="Another set, judged in the breast. Repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a Markdown report there.")] = None,
    as_json: Json = False,
) -> None:
    """Print PSNR and SSIM of bicubic enlargement and of a model, set by set."""
    sets = [*_known(data), *_named(images or [], whole), *_named(mammograms or [], breast)]
    if not sets:
        raise RefusedError(f"no images: neither in {data} nor by --images NAME=DIR")
    try:
        card = find_card(models or settings_of(config).shelves, name, version)
        verify(card)
        rows = _compare_all(card, sets)
    except (CardError, UnusableError) as error:
        raise RefusedError(str(error)) from error
    if out is not None:
        out.write_text(f"# {card.name} {card.version}\n\n{METHOD}\n\n{markdown(rows)}")
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return
    print_table(
        f"{card.name} {card.version}",
        ["set", "images", "method", "PSNR, dB", "SSIM"],
        [[row.set, row.images, row.method, f"{row.psnr:.2f}", f"{row.ssim:.4f}"] for row in rows],
    )
    console.print(METHOD, style="dim")


def _compare_all(card: Card, sets: list[ImageSet]) -> list[Row]:
    with ExitStack() as stack, Progress(console=console, transient=True) as progress:
        methods: dict[str, Method] = {"bicubic": bicubic}
        for engine in _engines(card):
            stack.enter_context(closing(engine))
            methods[f"{card.name} {engine.backend}"] = _doubler(engine)
        rows: list[Row] = []
        for one in sets:
            task = progress.add_task(one.name, total=len(one.files))
            rows += compare(one, methods, _advancer(progress, task))
        return rows


def _engines(card: Card) -> Iterator[Engine]:
    """Yield an engine for each precision that the card allows and this CPU has, fp32 first."""
    yield open_openvino(card)
    for precision in card.precisions:
        if precision == "fp32":
            continue
        try:
            yield open_openvino(card, precision)
        except UnusableError as reason:
            typer.echo(f"{precision} is left out: {reason}", err=True)  # stdout may be JSON


def _doubler(engine: Engine) -> Method:
    return lambda low: enlarge(engine, low, 0, 255, 255)


def _advancer(progress: Progress, task: int) -> Callable[[], None]:
    return lambda: progress.advance(task)  # type: ignore[arg-type]


def _known(data: Path) -> Iterator[ImageSet]:
    """Yield the sets of the project's test data that are there."""
    for name, folder, pattern, area in (
        ("Set5", "natural/val", "set5_*", whole),
        ("Set14", "natural/val", "set14_*", whole),
        ("mini-MIAS, breast", "mammo/mias/images", "*", breast),
    ):
        files = image_files(data / folder, pattern)
        if files:
            yield ImageSet(name, tuple(files), area)


def _named(folders: NamedFolders, area: Callable[[Grey], Area]) -> Iterator[ImageSet]:
    """Yield the sets that were given as NAME=DIR."""
    for given in folders:
        name, _, folder = given.partition("=")
        files = image_files(Path(folder)) if folder else []
        if not files:
            raise RefusedError(f"{given}: want NAME=DIR, a folder with images")
        yield ImageSet(name, tuple(files), area)
