"""Which chapters the report has, and of what each is made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.card import Card
from engines.evaluation.areas import breast, whole
from engines.evaluation.held_back import seen_by
from engines.evaluation.mias import FOLDER, Film
from engines.evaluation.table import ImageSet
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.everything import masses
from service.cli.evaluate.everything.chapter import Chapter
from service.cli.evaluate.everything.chapters import classification as of_classes
from service.cli.evaluate.everything.chapters import detection as of_detection
from service.cli.evaluate.everything.chapters import quality as of_quality
from service.cli.evaluate.everything.chapters import question as the_question
from service.cli.evaluate.everything.chapters import segmentation as of_masks
from service.cli.evaluate.everything.chapters import super_resolution as of_enlarging
from service.cli.evaluate.everything.measures import (
    classification,
    crops,
    detection,
    quality,
    segmentation,
    super_resolution,
)
from service.cli.evaluate.everything.parts import Missing, Part
from service.cli.evaluate.everything.sets import (
    FILMS,
    NATURAL,
    film_set,
    known_films,
    named_sets,
    natural_sets,
    some_of,
)

Parts = list[Part[Any] | Missing]


@dataclass(frozen=True, slots=True)
class Films:
    """The films of mini-MIAS that there are, or why there are none."""

    known: Sequence[Film]
    reason: str = ""

    def held_back(self, card: Card) -> list[Film]:
        """Return those that a model may be judged on."""
        return seen_by(card).held_back(self.known, FOLDER)


def contents(bench: Bench, folder: Path) -> list[Chapter]:
    """Return the chapters of a report in `folder`.

    Raises:
        ValueError: a file that says who was trained on is no such table.
        WrongUsageError: a set was not given as NAME=DIR, or holds no images.
    """
    films = _films(bench.data)
    return [
        Chapter(of_enlarging.TITLE, _super_resolution(bench, films, folder), of_enlarging.tell),
        Chapter(of_quality.TITLE, _quality(bench, films), of_quality.tell),
        Chapter(of_masks.TITLE, _segmentation(bench, folder), of_masks.tell),
        Chapter(of_classes.TITLE, _classification(bench), of_classes.tell),
        Chapter(the_question.TITLE, (), the_question.tell),
        Chapter(of_detection.TITLE, _detection(bench, films, folder), of_detection.tell),
    ]


def _super_resolution(bench: Bench, films: Films, folder: Path) -> Parts:
    cards = super_resolution.enlarging(bench.cards)
    named = [*named_sets(bench.images, whole), *named_sets(bench.mammograms, breast)]
    natural = natural_sets(bench.data)
    parts: Parts = []
    if not cards:
        parts.append(Missing("super-resolution", "no model enlarges", "senoscope train fsrcnn"))
    if not natural:
        where = bench.data / NATURAL
        parts.append(Missing("natural images", f"none in {where}", "--data or --images NAME=DIR"))
    if films.reason:
        parts.append(Missing(FILMS, films.reason, "--data, or --mammograms NAME=DIR"))
    pairs = [(card, [*natural, *_film_sets(films, card), *named]) for card in cards]
    parts += super_resolution.parts(bench, pairs)
    if cards:
        parts += crops.parts(bench, films.held_back(cards[0]), folder)
    return parts


def _film_sets(films: Films, card: Card) -> Iterator[ImageSet]:
    """Yield the films that a model is judged on, as a set, if there are any."""
    counting = films.held_back(card)
    if counting:
        yield film_set(counting if super_resolution.is_small(card) else some_of(counting))


def _quality(bench: Bench, films: Films) -> Parts:
    if films.reason:
        return [Missing("PIQE and NIQE of films", films.reason, "--data DIR")]
    parts: Parts = []
    pairs = []
    for card in quality.doubling(bench.cards):
        counting = films.held_back(card)
        if counting:
            pairs.append((card, counting))
        else:
            name = f"PIQE and NIQE, {titled(card)}"
            parts.append(Missing(name, "all patients were seen in training", "--data DIR"))
    if not pairs and not parts:
        parts.append(Missing("PIQE and NIQE", "no model doubles", "senoscope train fsrcnn"))
    return [*parts, *quality.parts(bench, pairs)]


def _segmentation(bench: Bench, folder: Path) -> Parts:
    sets, missing = masses.read(bench.data, masses.OUTLINED)
    parts: Parts = [*missing, *segmentation.parts(bench, sets, folder)]
    if not segmentation.segmenting(bench.cards):
        parts.append(Missing("segmentation", "no model outlines", "senoscope train unet"))
    return parts


def _classification(bench: Bench) -> Parts:
    sets, missing = masses.read(bench.data, masses.BOXED)
    parts: Parts = [*missing, *classification.parts(bench, sets)]
    if not classification.classifying(bench.cards):
        parts.append(Missing("classification", "no model classifies", "senoscope train resnet50"))
    return parts


def _detection(bench: Bench, films: Films, folder: Path) -> Parts:
    cards = detection.detecting(bench.cards)
    if not cards:
        return [Missing("detection", "no model detects", "senoscope train detector")]
    if films.reason:
        return [Missing("detection", films.reason, "--data DIR")]
    pairs = [(card, films.held_back(card)) for card in cards]
    return list(detection.parts(bench, pairs, folder))


def _films(data: Path) -> Films:
    try:
        return Films(known_films(data))
    except OSError as error:
        return Films((), f"{error.filename}: {error.strerror}")
    except ValueError as error:
        return Films((), f"{data / FOLDER}: {error}")
