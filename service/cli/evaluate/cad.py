"""`senoscope evaluate cad`: how well lesions of mini-MIAS are detected, outlined and judged."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.progress import track

from engines.cad.chain import Networks
from engines.cad.detection import chain_of, limits_of
from engines.card import Card
from engines.engine import Engine
from engines.evaluation.cad import (
    KINDS,
    RATES,
    Detected,
    Figure,
    Watched,
    curves,
    detected,
    followed,
    reported,
    watch,
)
from engines.evaluation.held_back import seen_by
from engines.evaluation.mias import FOLDER, Film, films
from engines.load import open_engine
from engines.plans.store import PlanStore
from engines.shelf import Shelves, find_card
from service.cli.evaluate.report import draw, markdown, rows_of_detected, rows_of_figures
from service.cli.options import console, print_json, print_table
from service.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens models of some shelves on a device."""

    shelves: Shelves
    device: str
    plans: PlanStore

    def __call__(self, card: Card) -> Engine:
        """Return the engine of `card`.

        Raises:
            CardError: its weights are not those that the card speaks of.
            UnusableError: nothing opens it here.
        """
        return open_engine(card, self.device, self.plans)

    def named(self, name: str) -> Engine:
        """Return the engine of the newest model of that name.

        Raises:
            CardError: it is on no shelf, or broken.
            UnusableError: nothing opens it here.
        """
        return self(find_card(self.shelves, name))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is evaluated: the first films or all, beside a detector without a network or not."""

    data: Path
    limit: int | None
    with_peer: bool


def evaluate(card: Card, opener: Opener, wish: Wish, out: Path | None, *, as_json: bool) -> None:
    """Print what a detector finds of mini-MIAS, and what the networks after it make of lesions.

    Raises:
        AnswerError: a network does not answer as its card says.
        CardError: a model of the chain is on no shelf, or broken.
        RefusedError: there are no films.
        UnusableError: nothing opens a model here.
    """
    every = _films(card, wish)
    with _networks(card, opener) as networks:
        watched = list(_tracked(every, networks, wish, hidden=as_json))
        judged = networks.segmentation.card, networks.classification.card
        models = [f"{one.card.name} {one.card.version} {one.backend}" for one in _each(networks)]
    found = list(detected(watched))
    told = [*reported(watched, limits_of(card)), *followed(watched, *judged)]
    if out is not None:
        picture = _picture(watched, out.with_suffix(".png"))
        out.write_text(markdown(card, models, watched, found, told, picture), encoding="utf-8")
    if as_json:
        print_json(_plain(models, watched, found, told))
        return
    print_table(
        f"{card.name} {card.version}: sensitivity (95 % interval) at false marks a film",
        ["method", "lesions", "films", "number", *(f"{rate:g}" for rate in RATES)],
        rows_of_detected(found),
    )
    print_table("", ["what", "number", "value", "95 % interval"], rows_of_figures(told))


def _films(card: Card, wish: Wish) -> list[Film]:
    folder = wish.data / FOLDER
    try:
        found = seen_by(card).held_back(films(folder), FOLDER)
    except OSError as error:
        raise RefusedError(f"no films: {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise RefusedError(f"{folder}: {error}") from error
    placed = [film for film in found if film.is_placed][: wish.limit]
    if not any(film.lesions for film in placed):
        raise RefusedError(f"no lesion with a place on the {len(placed)} films of {folder}")
    return placed


@contextmanager
def _networks(card: Card, opener: Opener) -> Iterator[Networks]:
    """Give the networks of a chain, open for as long as they are used."""
    chain = chain_of(card)
    with ExitStack() as stack:
        detector = stack.enter_context(closing(opener(card)))
        names = (chain.super_resolution, chain.segmentation, chain.classification)
        others = [stack.enter_context(closing(opener.named(name))) for name in names]
        yield Networks(detector, *others)


def _each(networks: Networks) -> Sequence[Engine]:
    return (
        networks.detector,
        networks.super_resolution,
        networks.segmentation,
        networks.classification,
    )


def _tracked(
    every: Sequence[Film], networks: Networks, wish: Wish, *, hidden: bool
) -> Iterator[Watched]:
    seen = watch(every, networks, with_peer=wish.with_peer)
    return iter(
        track(seen, "films", total=len(every), console=console, transient=True, disable=hidden)
    )


def _picture(watched: Sequence[Watched], path: Path) -> Path | None:
    """Draw the curves, and return the file; None, and a hint, where nothing can draw."""
    try:
        draw(path, {kind.name: curves(watched, kind) for kind in KINDS[:2]})
    except ImportError as error:
        typer.echo(f"no curve is drawn: it needs senoscope[train]: {error}", err=True)
        return None
    return path


def _plain(
    models: Sequence[str],
    watched: Sequence[Watched],
    found: Sequence[Detected],
    told: Sequence[Figure],
) -> dict[str, object]:
    return {
        "models": models,
        "films": len(watched),
        "false_marks": RATES,
        "detected": [dataclasses.asdict(one) for one in found],
        "figures": [dataclasses.asdict(one) for one in told],
    }
