"""How networks outline the mass of a region, as it is and enlarged first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engines.cad.answers import seen, side_of
from engines.cad.window import Mask, Shades
from engines.card import Card
from engines.engine import Engine
from engines.evaluation.feeding import BICUBIC, PLAIN, Album, Way
from engines.evaluation.overlaps import Overlap, overlap
from engines.evaluation.taught import Taught, taught
from engines.training.regions import Mass, part, region
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.everything.figures.regions import masks
from service.cli.evaluate.everything.masses import Masses
from service.cli.evaluate.everything.measures.before import enlargers, opened_ways, own_way
from service.cli.evaluate.everything.parts import Missing, Part, Watch

CHAPTER = "segmentation"

CERTAIN = 0.5

SHOWN = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Which masses are shown: the worst, the best, and what lies between, by Dice."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """A mass, whose it is, and how each way's mask agrees with the one drawn by hand."""

    name: str
    patient: str
    overlaps: dict[str, Overlap]


@dataclass(frozen=True, slots=True)
class Segmented:
    """What a model makes of the masses of a set; `file` shows some of them.

    `own` is the way that regions were brought before it when it learned, `side` theirs in pixels.
    """

    model: str
    backend: str
    set: str
    side: int
    own: str
    taught: Taught
    masses: tuple[Outlined, ...]
    file: str


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A mass as a network is shown it, the mask drawn by hand, and those of some ways."""

    outlined: Outlined
    picture: Shades
    wanted: Mask
    given: dict[str, Mask]


def segmenting(cards: Sequence[Card]) -> list[Card]:
    """Return the models that outline what is in a region."""
    return [card for card in cards if card.task == "segmentation" and card.chain is None]


def parts(
    bench: Bench, sets: Sequence[Masses], folder: Path
) -> Iterator[Part[Segmented] | Missing]:
    """Yield a part for each model that outlines and each set, as far as there is what to judge."""
    cards = segmenting(bench.cards)
    album = Album(side_of(card) for card in cards)
    for card in cards:
        first = enlargers(bench.cards, card)
        for one in sets:
            masses, name = one.held_back(card), f"{CHAPTER}/{titled(card)}/{one.title}"
            if not masses:
                yield Missing(name, "every patient was seen in training", "--data DIR of others")
                continue
            file = f"figures/{CHAPTER}-{card.name}-{one.title}.png"
            shas = [card.sha256, *(other.sha256 for other in first)]
            patients = [mass.name for mass in masses]
            yield Part(
                name,
                (bench.device, *shas, str(taught(card)), *one.digest, *patients),
                len(masses),
                Segmented,
                partial(
                    _measured, bench, card, _Task(masses, one.title, first, album, folder, file)
                ),
                files=(folder / file,),
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What a model is to outline, enlarged by which networks, and where that is drawn."""

    masses: Sequence[Mass]
    title: str
    first: Sequence[Card]
    album: Album
    folder: Path
    file: str


def _measured(bench: Bench, card: Card, task: _Task, watch: Watch) -> Segmented:
    with bench.opened(card) as engine, opened_ways(bench, task.first) as ways:
        found = []
        for mass in task.masses:
            found.append(_seen(engine, mass, ways, task.album))
            watch()
        backend = engine.backend
    _draw(task, titled(card), found)
    return Segmented(
        model=titled(card),
        backend=backend,
        set=task.title,
        side=side_of(card),
        own=own_way(card, task.first),
        taught=taught(card),
        masses=tuple(one.outlined for one in found),
        file=task.file,
    )


def _seen(engine: Engine, mass: Mass, ways: Sequence[Way], album: Album) -> Seen:
    side, room = side_of(engine.card), taught(engine.card).room
    around = region(mass, room)
    wanted, counts = (part(one, around, side) for one in (mass.mask, mass.counts))
    pictures = {way.name: album.picture(way, mass, room, side) for way in ways}
    given = {name: seen(engine, picture) > CERTAIN for name, picture in pictures.items()}
    overlaps = {name: overlap(mask, wanted, counts) for name, mask in given.items()}
    return Seen(Outlined(mass.name, mass.patient, overlaps), pictures[PLAIN], wanted, given)


def _draw(task: _Task, title: str, found: Sequence[Seen]) -> None:
    """Draw some masses: the worst, the best, and what lies between."""
    ordered = sorted(found, key=lambda one: one.outlined.overlaps[PLAIN].dice)
    places = np.rint(np.array(SHOWN) * (len(ordered) - 1)).astype(int)
    chosen = [ordered[place] for place in dict.fromkeys(places.tolist())]
    names = [name for name in chosen[0].given if not name.startswith(BICUBIC)]
    masks(
        task.folder / task.file,
        f"{title} on {task.title}: from the worst to the best by Dice",
        [_row(one, names) for one in chosen],
    )


def _row(one: Seen, names: Sequence[str]) -> tuple[str, Shades, dict[str, Mask]]:
    drawn = {"drawn by hand": one.wanted}
    for name in names:
        score = one.outlined.overlaps[name]
        drawn[f"{name}\nDice {score.dice:.2f}, IoU {score.iou:.2f}"] = one.given[name]
    return one.outlined.name, one.picture, drawn
