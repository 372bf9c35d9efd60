"""What is compared, and what is known of it: `cases.csv`, or the like in TOML."""

import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import BadConfigurationError
from service.reader_study.rows import checked, read_cells

LISTING = "cases.csv"


class Case(BaseModel):
    """One breast: two pictures of it, and what the tables are split by.

    Pictures are named from the folder of the list. `patient` tells patients apart, of whom some
    have two breasts in the study: any word will do, and nobody is shown it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    original: Path | None = None
    super_resolved: Path | None = None
    case: str = ""
    patient: str = ""
    age: float | None = Field(default=None, ge=0, le=130)
    views: str = ""
    morphology: str = ""
    distribution: str = ""
    birads: str = ""
    density: str = ""
    piqe_original: float | None = Field(default=None, ge=0, le=100)
    piqe_super_resolved: float | None = Field(default=None, ge=0, le=100)

    @property
    def pictures(self) -> tuple[Path, Path] | None:
        """The original and the super-resolved one, None where it does not name both."""
        if self.original is None or self.super_resolved is None:
            return None
        return self.original, self.super_resolved

    def within(self, folder: Path) -> Self:
        """Return the same with its pictures as paths from here, not from `folder`."""
        found = {
            name: folder / path
            for name in ("original", "super_resolved")
            if (path := getattr(self, name)) is not None
        }
        return self.model_copy(update=found)


class _Listing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cases: tuple[Case, ...]


def read_cases(path: Path) -> list[Case]:
    """Return the cases that a CSV or TOML file lists.

    Raises:
        BadConfigurationError: it cannot be read, a column is unknown, or a value is wrong.
    """
    if path.suffix.lower() == ".toml":
        found = list(_from_toml(path).cases)
    else:
        _, cells = read_cells(path)
        found = checked(path, Case, cells)
    return [one.within(path.parent) for one in found]


def _from_toml(path: Path) -> _Listing:
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return _Listing.model_validate(told)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfigurationError(f"{path}: cannot be read as TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadConfigurationError(f"{path}: {where}: {first['msg'].lower()}") from None
