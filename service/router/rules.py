"""What a route may say of whole studies: when they are complete, and how many it takes."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from service.ledger.views import view_of, word_of
from service.router.conditions import When
from service.router.table import Table


class Complete(Table):
    """When all of a study is thought to be here."""

    views: tuple[str, ...] = ()
    """Laterality and view in one word, such as ``RMLO`` or ``RCC+ID``; all there: go on."""
    unilateral: bool = False
    """Whether of a breast of which nothing came nothing is expected."""
    unilateral_when: tuple[When, ...] = ()
    """Conditions of which any one says so of a study, if it holds for an image."""
    implants: Literal["extra", "instead", "both"] = "extra"
    """Views with an implant displaced: not looked at; as good as the usual ones; or expected
    besides where an image tells of an implant."""
    quiet_s: float = Field(default=30.0, ge=0)
    """Go on when nothing came for so long."""
    at_most_s: float = Field(default=900.0, ge=0)
    """Go on when the first image has waited for so long."""
    then: Literal["process", "hold", "notify"] = "process"
    """What becomes of a study that goes on although expected views did not come."""

    @field_validator("views")
    @classmethod
    def _are_views(cls, views: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_spelled(view) for view in views))

    @model_validator(mode="after")
    def _expects_views(self) -> Self:
        given = self.model_fields_set & {"unilateral", "unilateral_when", "implants", "then"}
        if given and not self.views:
            raise ValueError(f"{', '.join(sorted(given))}: no views are expected: write views too")
        return self


class Limits(Table):
    """How much a route takes."""

    images: int | None = Field(default=None, ge=1)
    """Of a study, that the route takes; none of a study that has more is processed."""
    mb: float | None = Field(default=None, gt=0)
    """Megabytes of those images."""
    studies_per_hour: int | None = Field(default=None, ge=1)
    """Studies that are begun within an hour; more wait."""


def _spelled(word: str) -> str:
    """Return `word` as those of images are spelled; one that is no view is never seen."""
    view = view_of(word.upper())
    return word if view is None else word_of(view)
