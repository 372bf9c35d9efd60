"""`senoscope evaluate fsrcnn-x2`: how well a model enlarges, set by set."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer
from rich.progress import Progress

from engines.backends.openvino import open_openvino
from engines.card import Card
from engines.engine import Engine, UnusableError
from engines.evaluation.areas import breast, whole
from engines.evaluation.scores import Area
from engines.evaluation.table import BICUBIC, ImageSet, Method, Row, bicubic, compare, markdown
from engines.images import Grey, image_files
from engines.tiling import enlarge
from engines.windowed import as_served
from service.cli.options import console, print_json, print_table
from service.errors import RefusedError, WrongUsageError

METHOD = (
    "Low resolution is the 2 x 2 binning (3 x 3 for x3, 4 x 4 for x4) of the 8-bit luma (BT.601, "
    "16..235; grey images as they are), halves rounded up. PSNR and SSIM (Wang 2004) on the luma "
    "of 0..255, the outermost 2 pixels off, means over the images. The breast area is the largest "
    "region of 18 and more, after an opening by 9 x 9 pixels, holes filled."
)


@dataclass(frozen=True, slots=True)
class Sets:
    """The project's test data, and sets given as NAME=DIR; mammograms are judged in the breast."""

    data: Path
    images: Sequence[str]
    mammograms: Sequence[str]


def evaluate(card: Card, given: Sets, out: Path | None, *, as_json: bool) -> None:
    """Print PSNR and SSIM of bicubic enlargement and of a model, set by set.

    Raises:
        RefusedError: there are no images, or the model enlarges nothing.
        UnusableError: the model cannot be opened.
    """
    if card.task != "super-resolution":
        raise RefusedError(f"{card.name} does not enlarge: senoscope evaluate --all judges it")
    sets = [*_known(given.data), *_named(given.images, whole), *_named(given.mammograms, breast)]
    if not sets:
        raise RefusedError(f"no images: neither in {given.data} nor by --images NAME=DIR")
    rows = _compare_all(card, sets)
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
    served = as_served(card)
    with ExitStack() as stack, Progress(console=console, transient=True) as progress:
        methods: dict[str, Method] = {BICUBIC: partial(bicubic, scale=card.scale)}
        for engine in _engines(served):
            stack.enter_context(closing(engine))
            methods[f"{card.name} {engine.backend}"] = enlarger(engine)
        rows: list[Row] = []
        for one in sets:
            task = progress.add_task(one.name, total=len(one.files))
            rows += compare(one, methods, _advancer(progress, task), card.scale, served.halo)
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


def enlarger(engine: Engine) -> Method:
    """Return `engine` as a method of enlarging 8-bit images."""
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


def _named(folders: Sequence[str], area: Callable[[Grey], Area]) -> Iterator[ImageSet]:
    """Yield the sets that were given as NAME=DIR."""
    for given in folders:
        name, _, folder = given.partition("=")
        files = image_files(Path(folder)) if folder else []
        if not files:
            raise WrongUsageError(f"{given}: want NAME=DIR, a folder with images")
        yield ImageSet(name, tuple(files), area)
