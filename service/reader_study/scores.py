"""Single scores from elsewhere, such as another program's: one row each in a CSV file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from service.errors import BadConfigurationError, did_you_mean
from service.reader_study.criteria import BY_KEY
from service.reader_study.rows import Cells, checked


class Scored(Protocol):
    """A score, wherever it comes from."""

    @property
    def case(self) -> int:
        """The number of the case."""
        ...

    @property
    def criterion(self) -> str:
        """The key of the criterion."""
        ...

    @property
    def score(self) -> int | None:
        """From original to super-resolved; None: not readable."""
        ...


class Score(BaseModel):
    """A row of ``reader,case,criterion,score``; an empty score is not readable.

    `answers.csv`, which the analysis writes, has more columns: they are let be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reader: str
    case: int = Field(ge=1)
    criterion: str
    score: int | None = Field(default=None, ge=1, le=5)
    given: str = ""
    left: str = ""
    at: str = ""


def scores_from(path: Path, cells: Sequence[Cells]) -> list[Score]:
    """Return the scores of a CSV file, the last one of each reader, case and criterion.

    Raises:
        BadConfigurationError: a column is unknown or missing, or a value is wrong.
    """
    found = checked(path, Score, cells)
    for row, score in enumerate(found, start=1):
        if score.criterion not in BY_KEY:
            hint = did_you_mean(score.criterion, BY_KEY)
            raise BadConfigurationError(
                f"{path}: row {row}: there is no criterion {score.criterion!r}{hint}"
            )
    return list({(one.reader, one.case, one.criterion): one for one in found}.values())
