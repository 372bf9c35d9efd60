"""The masses that networks for regions are judged on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from engines.card import Card
from engines.evaluation.held_back import seen_by
from engines.training.films import INBREAST, MIAS
from engines.training.regions import CBIS, CESM, Mass, cbis, cesm, outlined_films
from service.cli.evaluate.everything.parts import Missing, digests_of

Reader = Callable[[Path], list[Mass]]

OUTLINED: Mapping[str, Reader] = {
    CESM: cesm,
    MIAS: outlined_films,
    INBREAST: partial(outlined_films, set_name=INBREAST),
}
"""Sets in which masses are outlined, and how they are read."""

BOXED: Mapping[str, Reader] = {CBIS: cbis}

TITLES = {CESM: "CDD-CESM", MIAS: "mini-MIAS", INBREAST: "INbreast", CBIS: "CBIS-DDSM"}

OPTIONAL = {INBREAST}
"""Sets that nobody misses where they are not: their terms keep them from many."""

TABLES = ("labels.csv", "masks.csv")


@dataclass(frozen=True, slots=True, eq=False)
class Masses:
    """The masses of a set, and a digest of what they are read from."""

    set: str
    masses: Sequence[Mass]
    digest: tuple[str, ...]

    @property
    def title(self) -> str:
        """The name of the set, as people know it."""
        return TITLES[self.set]

    def held_back(self, card: Card) -> list[Mass]:
        """Return those that a model may be judged on."""
        return seen_by(card).held_back(self.masses, self.set)


def read(data: Path, sets: Mapping[str, Reader]) -> tuple[list[Masses], list[Missing]]:
    """Return the sets that there are, and what is missing."""
    found, missing = [], []
    for name, reader in sets.items():
        try:
            digest = digests_of(_files(data / name))
            masses = _read(reader, data, digest)
        except (OSError, ValueError, KeyError) as error:
            if name not in OPTIONAL or (data / name).exists():
                what = f"masses of {TITLES[name]}"
                missing.append(Missing(what, _reason(data / name, error), "--data DIR"))
            continue
        found.append(Masses(name, masses, digest))
    return found, missing


@cache
def _read(reader: Reader, data: Path, _digest: tuple[str, ...]) -> Sequence[Mass]:
    return reader(data)


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _reason(folder: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, KeyError):
        return f"{folder}: a table lacks the column {error}"
    return f"{folder}: {error}"
