"""The images that models which enlarge are judged on."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from engines.evaluation.areas import breast, whole
from engines.evaluation.mias import FOLDER, Film, films
from engines.evaluation.scores import Area
from engines.evaluation.table import ImageSet
from engines.images import Grey, image_files
from service.errors import WrongUsageError

NATURAL = "natural/val"

FILMS = "mini-MIAS"

MOST = 48
"""Films that a large network is judged on at most, so that a report stays under half an hour."""

NAMES = {"set5": "Set5", "set14": "Set14"}


def natural_sets(data: Path) -> list[ImageSet]:
    """Return the sets of natural images: those whose names begin alike, up to the first _."""
    files = image_files(data / NATURAL)
    grouped = groupby(files, key=lambda path: path.stem.partition("_")[0])
    return [ImageSet(NAMES.get(name, name), tuple(found), whole) for name, found in grouped]


def some_of(counting: Sequence[Film]) -> list[Film]:
    """Return at most `MOST` films, evenly chosen from first to last."""
    if len(counting) <= MOST:
        return list(counting)
    places = np.linspace(0, len(counting) - 1, MOST).round().astype(int)
    return [counting[place] for place in places]


def film_set(counting: Sequence[Film]) -> ImageSet:
    """Return films of mini-MIAS as a set that is judged in the breast."""
    files = tuple(film.path for film in counting)
    return ImageSet(FILMS, files, breast, tuple(film.patient for film in counting))


def known_films(data: Path) -> list[Film]:
    """Return all films of mini-MIAS that there are.

    Raises:
        OSError: there are none.
        ValueError: a table lacks a column, or holds what is no number.
    """
    return films(data / FOLDER)


def named_sets(folders: Sequence[str], area: Callable[[Grey], Area]) -> Iterator[ImageSet]:
    """Yield the sets that were given as NAME=DIR.

    Raises:
        WrongUsageError: one was not given so, or holds no images.
    """
    for given in folders:
        name, _, folder = given.partition("=")
        files = image_files(Path(folder)) if folder else []
        if not files:
            raise WrongUsageError(f"{given}: want NAME=DIR, a folder with images")
        yield ImageSet(name, tuple(files), area)
