"""How lesions of films are found: the free-response curve of every detector."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engines.cad.chain import Networks
from engines.cad.detection import chain_of, limits_of
from engines.card import Card
from engines.evaluation.cad import (
    KINDS,
    Detected,
    Figure,
    Kind,
    curves,
    detected,
    followed,
    reported,
    watch,
)
from engines.evaluation.mias import Film
from engines.shelf import find_card
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.everything.parts import Missing, Part, Watch, digests_of
from service.cli.evaluate.report import draw

CHAPTER = "detection"


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector and the chain after it find on films; `file` shows the curves."""

    model: str
    chain: tuple[str, ...]
    films: int
    lesions: int
    detected: tuple[Detected, ...]
    figures: tuple[Figure, ...]
    file: str


def detecting(cards: Sequence[Card]) -> list[Card]:
    """Return the models that find lesions on whole images."""
    return [card for card in cards if card.chain is not None]


def parts(
    bench: Bench, cards: Sequence[tuple[Card, Sequence[Film]]], folder: Path
) -> Iterator[Part[Found] | Missing]:
    """Yield a part for each detector, with the films that it is judged on."""
    for card, films in cards:
        name = f"{CHAPTER}/{titled(card)}"
        placed = [film for film in films if film.is_placed]
        if not any(film.lesions for film in placed):
            yield Missing(name, "no lesion of a patient who was not seen", "--data DIR of others")
            continue
        file = f"figures/{CHAPTER}-{card.name}.png"
        names = chain_names(card)
        shas = [other.sha256 for other in bench.cards if other.name in names]
        yield Part(
            name,
            (bench.device, card.sha256, *shas, *digests_of(film.path for film in placed)),
            len(placed),
            Found,
            partial(_measured, bench, card, placed, (folder, file)),
            files=(folder / file,),
        )


def chain_names(card: Card) -> tuple[str, str, str]:
    """Return the names of the models that follow a detector."""
    chain = chain_of(card)
    return chain.super_resolution, chain.segmentation, chain.classification


def _measured(
    bench: Bench, card: Card, films: Sequence[Film], place: tuple[Path, str], following: Watch
) -> Found:
    folder, file = place
    with ExitStack() as stack:
        others = [find_card(bench.shelves, name) for name in chain_names(card)]
        engines = [stack.enter_context(bench.opened(one)) for one in (card, *others)]
        watched = []
        for one in watch(films, Networks(*engines), with_peer=True):
            watched.append(one)
            following()
        chain = tuple(f"{titled(one.card)} {one.backend}" for one in engines)
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(path, {kind.name: curves(watched, kind) for kind in _sought(films)})
    return Found(
        titled(card),
        chain,
        len(films),
        sum(len(film.lesions) for film in films),
        tuple(detected(watched)),
        (*reported(watched, limits_of(card)), *followed(watched, *others[1:])),
        file,
    )


def _sought(films: Sequence[Film]) -> list[Kind]:
    """Return the kinds of lesions that curves are drawn for, as far as there are such."""
    lesions = [lesion for film in films for lesion in film.lesions]
    return [kind for kind in KINDS[:2] if any(kind.holds(lesion) for lesion in lesions)]
