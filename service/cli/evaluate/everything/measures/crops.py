"""A lesion before and after, by every model that enlarges, scale by scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engines.card import Card
from engines.evaluation.mias import Film, Lesion
from engines.evaluation.table import bicubic
from engines.images import Grey, binned, fitting, read_luma
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.enlarging import enlarger
from service.cli.evaluate.everything.figures.enlarging import crops
from service.cli.evaluate.everything.measures.super_resolution import enlarging
from service.cli.evaluate.everything.parts import Part, Watch, digests_of

SIDE = 96
"""Of what is shown, in pixels of the film: 19 mm."""

FILE = "figures/super-resolution-crops.png"

Row = tuple[str, list[tuple[str, Grey]]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be seen on the picture: of which film, and where on it."""

    film: str
    left: int
    top: int


def parts(bench: Bench, films: Sequence[Film], folder: Path) -> Iterator[Part[Shown]]:
    """Yield the part that draws the first film with a lesion, if there is one."""
    cards = enlarging(bench.cards)
    ill = [film for film in films if any(lesion.circle for lesion in film.lesions)]
    if not cards or not ill:
        return
    film = next((one for one in ill if not all(lesion.is_mass for lesion in one.lesions)), ill[0])
    yield Part(
        "super-resolution/crops",
        (bench.device, *(card.sha256 for card in cards), *digests_of([film.path])),
        len(cards),
        Shown,
        partial(_drawn, bench, cards, film, folder / FILE),
        files=(folder / FILE,),
    )


def _drawn(bench: Bench, cards: Sequence[Card], film: Film, path: Path, watch: Watch) -> Shown:
    pixels = read_luma(film.path)
    left, top = _corner(film.lesions, pixels.shape)
    rows: list[Row] = []
    for scale in sorted({card.scale for card in cards}):
        of_scale = [card for card in cards if card.scale == scale]
        rows.append((f"x{scale}", list(_pictures(bench, of_scale, pixels, (left, top), watch))))
    crops(path, f"{film.path.stem}: binned, enlarged, and as it was", rows)
    return Shown(film.path.stem, left, top)


def _corner(lesions: Sequence[Lesion], shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the corner (left, top) of what is shown: a place of the first lesion."""
    circle = next(lesion.circle for lesion in lesions if lesion.circle)
    left, top = (
        int(np.clip(round(place - SIDE / 2), 0, length - SIDE))
        for place, length in zip((circle.x, circle.y), shape[::-1], strict=True)
    )
    return left, top


def _pictures(
    bench: Bench, cards: Sequence[Card], pixels: Grey, corner: tuple[int, int], watch: Watch
) -> Iterator[tuple[str, Grey]]:
    """Yield what is binned, then each way to enlarge it, and the original."""
    left, top = corner
    scale = cards[0].scale
    wanted = fitting(pixels, scale)
    low = binned(wanted, scale)

    def shown(picture: Grey) -> Grey:
        return picture[top : top + SIDE, left : left + SIDE]

    yield "binned", shown(np.kron(low, np.ones((scale, scale), np.uint8)))
    yield "bicubic", shown(bicubic(low, scale))
    for card in cards:
        with bench.opened(card) as engine:
            yield titled(card), shown(enlarger(engine)(low))
        watch()
    yield "original", shown(wanted)
