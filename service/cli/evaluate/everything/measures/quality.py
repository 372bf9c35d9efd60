"""PIQE and NIQE of films as they are and enlarged, by a network and by bicubic interpolation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from engines.card import Card
from engines.evaluation.areas import Box, box, breast
from engines.evaluation.mias import Film
from engines.evaluation.niqe import niqe
from engines.evaluation.table import bicubic
from engines.images import Grey, read_luma
from pipelines.quality.piqe import piqe
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.enlarging import enlarger
from service.cli.evaluate.everything.parts import Part, Watch, digests_of

CHAPTER = "quality"

FAMILY, WIDTH = "fsrcnn", 2
"""The network of Honjo 2022, and its scale."""

ORIGINAL, BICUBIC, NETWORK = "original", "bicubic", "super-resolved"

Grades = dict[str, float]
"""By what was done to the film."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A film: its tissue, what is to be seen on it, and its grades."""

    film: str
    patient: str
    tissue: str
    findings: tuple[str, ...]
    piqe: Grades
    niqe: Grades


@dataclass(frozen=True, slots=True)
class Quality:
    """What a model does to the quality of films."""

    model: str
    backend: str
    films: tuple[Graded, ...]


def parts(bench: Bench, cards: Sequence[tuple[Card, Sequence[Film]]]) -> Iterator[Part[Quality]]:
    """Yield a part for each model that doubles, with the films that it is judged on."""
    for card, films in cards:
        yield Part(
            f"{CHAPTER}/{titled(card)}",
            (card.sha256, bench.device, *digests_of(film.path for film in films)),
            len(films),
            Quality,
            partial(_measured, bench, card, films),
        )


def doubling(cards: Sequence[Card]) -> list[Card]:
    """Return the models that the paper's table is of: FSRCNN, else whatever doubles."""
    every = [card for card in cards if card.task == "super-resolution" and card.scale == WIDTH]
    return [card for card in every if card.name.startswith(FAMILY)] or every


def _measured(bench: Bench, card: Card, films: Sequence[Film], watch: Watch) -> Quality:
    with bench.opened(card) as engine:
        graded = tuple(_graded(film, enlarger(engine), watch) for film in films)
        return Quality(titled(card), engine.backend, graded)


def _graded(film: Film, network: Callable[[Grey], Grey], watch: Watch) -> Graded:
    pixels = read_luma(film.path)
    pictures = {ORIGINAL: pixels, BICUBIC: bicubic(pixels, WIDTH), NETWORK: network(pixels)}
    graded = Graded(
        film.path.stem,
        film.patient,
        film.tissue,
        tuple(sorted({lesion.kind for lesion in film.lesions})),
        {name: piqe(picture) for name, picture in pictures.items()},
        _niqe(pictures, box(breast(pixels))),
    )
    watch()
    return graded


def _niqe(pictures: Mapping[str, Grey], of_breast: Box) -> Grades:
    """Return the grades of the box of the breast: elsewhere film is black, which is no picture."""
    return {
        name: niqe(picture[_times(of_breast, 1 if name == ORIGINAL else WIDTH)])
        for name, picture in pictures.items()
    }


def _times(part: Box, scale: int) -> Box:
    down, across = (slice(scale * side.start, scale * side.stop) for side in part)
    return down, across
