"""How networks tell malignant masses from benign ones, as they are and enlarged first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from engines.cad.answers import probability, side_of
from engines.card import Card
from engines.evaluation.feeding import Album
from engines.evaluation.judgements import Judgement
from engines.evaluation.taught import Taught, taught
from engines.training.regions import Mass
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.everything.masses import Masses
from service.cli.evaluate.everything.measures.before import enlargers, opened_ways, own_way
from service.cli.evaluate.everything.parts import Missing, Part, Watch

CHAPTER = "classification"

MALIGNANT = "malignant"


@dataclass(frozen=True, slots=True)
class Told:
    """A mass, whose it is, what it is, and how malignant it was said to be each way, 0..1."""

    name: str
    patient: str
    is_malignant: bool
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Classified:
    """What a model makes of the masses of a set; `recipe` is how it was trained, in words.

    `own` is the way that regions were brought before it when it learned.
    """

    model: str
    backend: str
    set: str
    own: str
    taught: Taught
    recipe: str
    masses: tuple[Told, ...]

    def judgements(self, way: str) -> list[Judgement]:
        """Return what was said of each mass in one way."""
        return [
            Judgement(one.name, one.patient, one.probabilities[way], one.is_malignant)
            for one in self.masses
        ]


def classifying(cards: Sequence[Card]) -> list[Card]:
    """Return the models that say whether a region is malignant."""
    return [
        card
        for card in cards
        if card.task == "classification" and MALIGNANT in {label.name for label in card.labels}
    ]


def parts(bench: Bench, sets: Sequence[Masses]) -> Iterator[Part[Classified] | Missing]:
    """Yield a part for each model that classifies and each set, where there are both classes."""
    cards = classifying(bench.cards)
    album = Album(side_of(card) for card in cards)
    for card in cards:
        first = enlargers(bench.cards, card)
        for one in sets:
            masses, name = one.held_back(card), f"{CHAPTER}/{titled(card)}/{one.title}"
            if {mass.is_malignant for mass in masses} != {True, False}:
                reason = f"of {len(masses)} masses that were not seen in training not both classes"
                yield Missing(name, reason, "--data DIR of other patients")
                continue
            shas = [card.sha256, *(other.sha256 for other in first)]
            yield Part(
                name,
                (
                    bench.device,
                    *shas,
                    str(taught(card)),
                    *one.digest,
                    *(mass.name for mass in masses),
                ),
                len(masses),
                Classified,
                partial(_measured, bench, card, _Task(one.title, masses, first, album)),
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """The masses that a model is to judge, enlarged by which networks."""

    title: str
    masses: Sequence[Mass]
    first: Sequence[Card]
    album: Album


def _measured(bench: Bench, card: Card, task: _Task, watch: Watch) -> Classified:
    room, side = taught(card).room, side_of(card)
    found = []
    with bench.opened(card) as engine, opened_ways(bench, task.first) as ways:
        for mass in task.masses:
            pictures = {way.name: task.album.picture(way, mass, room, side) for way in ways}
            said = {name: probability(engine, one, MALIGNANT) for name, one in pictures.items()}
            found.append(Told(mass.name, mass.patient, mass.is_malignant, said))
            watch()
        backend = engine.backend
    return Classified(
        model=titled(card),
        backend=backend,
        set=task.title,
        own=own_way(card, task.first),
        taught=taught(card),
        recipe=card.training.recipe,
        masses=tuple(found),
    )
