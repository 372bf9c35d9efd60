"""Which chapters the report has, and of what each is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.evaluation.areas import breast, whole
from engines.evaluation.mias import FOLDER, Film
from service.cli.evaluate.bench import Bench
from service.cli.evaluate.everything.chapter import Chapter
from service.cli.evaluate.everything.chapters import super_resolution as told_enlarging
from service.cli.evaluate.everything.measures import crops, super_resolution
from service.cli.evaluate.everything.parts import Missing, Part
from service.cli.evaluate.everything.sets import (
    FILMS,
    NATURAL,
    film_set,
    known_films,
    named_sets,
    natural_sets,
)

Parts = list[Part[Any] | Missing]


@dataclass(frozen=True, slots=True)
class Films:
    """The films of mini-MIAS that count, or why there are none."""

    counting: Sequence[Film]
    reason: str = ""


def contents(bench: Bench, folder: Path) -> list[Chapter]:
    """Return the chapters of a report in `folder`.

    Raises:
        WrongUsageError: a set was not given as NAME=DIR, or holds no images.
    """
    films = _films(bench.data)
    return [
        Chapter(told_enlarging.TITLE, _super_resolution(bench, films, folder), told_enlarging.tell)
    ]


def _super_resolution(bench: Bench, films: Films, folder: Path) -> Parts:
    sets = [
        *natural_sets(bench.data),
        *named_sets(bench.images, whole),
        *named_sets(bench.mammograms, breast),
    ]
    missing: Parts = []
    if not sets:
        where = bench.data / NATURAL
        missing.append(Missing("natural images", f"none in {where}", "--data or --images NAME=DIR"))
    if films.counting:
        sets.append(film_set(films.counting))
    else:
        missing.append(Missing(FILMS, films.reason, "--data, or --mammograms NAME=DIR"))
    found: Parts = list(super_resolution.parts(bench, sets))
    if not super_resolution.enlarging(bench.cards):
        missing.append(Missing("super-resolution", "no model enlarges", "senoscope train fsrcnn"))
    return [*found, *crops.parts(bench, films.counting, folder), *missing]


def _films(data: Path) -> Films:
    try:
        found = known_films(data)
    except OSError as error:
        return Films((), f"{error.filename}: {error.strerror}")
    except ValueError as error:
        return Films((), f"{data / FOLDER}: {error}")
    return Films(found)
