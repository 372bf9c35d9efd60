"""What addresses and bodies may say: bounded, and free of what a database would choke on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from service.errors import RefusedError
from service.ledger.people import Role
from service.ledger.standing import Search

DAYS = 365
"""How long a token of the API counts, where nothing else is asked for."""
MOST_DAYS = 3650
NAME = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"
PRINTABLE = r"^[ -~]*$"

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$", description="Study Instance UID.")]
JobId = Annotated[str, Path(pattern=r"^[0-9A-Za-z._-]{1,128}$", description="Of a job.")]
UserName = Annotated[str, Path(pattern=NAME, description="Of a user.")]
There = Annotated[str, Path(pattern=NAME, description="The name of a destination.")]
LabelPath = Annotated[str, Path(pattern=NAME, description="Of a token.")]
Text = Annotated[
    str,
    Query(
        max_length=64,
        pattern=PRINTABLE,
        description="The beginning of a UID or job id, or a part of an AE title or route.",
    ),
]
Since = Annotated[AwareDatetime | None, Query(description="Not before then; with a time zone.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="How many are left out before.")]
Named = Annotated[str | None, Query(max_length=64, pattern=PRINTABLE)]
Against = Annotated[
    int, Query(ge=0, le=2**31 - 1, description="Another version; 0: what is on the disk.")
]
RoutesNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of a version of the routes.")]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Study = Annotated[str, StringConstraints(pattern=r"^[0-9.]{1,64}$")]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What every list is searched by, besides the state and more of its own."""

    text: Text = ""
    since: Since = None
    limit: Limit = 50
    offset: Offset = 0

    def search(self, state: StrEnum | None, destination: str | None = None) -> Search:
        """Return what to look for: one more than is shown, to know whether there is more."""
        return Search(self.text, state, self.since, destination, self.limit + 1, self.offset)

    def page(self, found: Sequence[T]) -> "Page[T]":
        """Return what is shown of what was found by `search`."""
        return page_of(found, self.limit)


Searched = Annotated[Asked, Depends()]


class Body(BaseModel):
    """What is sent along; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewUser(Body):
    """Somebody who is to sign in."""

    name: Name
    role: Role
    password: Password


class NewRole(Body):
    """What a user may do from now on."""

    role: Role


class NewPassword(Body):
    """A password in place of the one before."""

    password: Password


class OwnPassword(Body):
    """Another password for oneself."""

    old: Password
    """The one that is kept now."""
    new: Password


class NewToken(Body):
    """A token for a program."""

    label: Name
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = DAYS
    """How long it counts."""


class Resend(Body):
    """Who is to be sent a study's results again."""

    destination: Name


class Which(Body):
    """Which deliveries; none named: all."""

    destination: Name | None = None
    study: Study | None = None


class Page(BaseModel, Generic[T]):
    """Some of what was found."""

    items: Sequence[T]
    more: bool
    """Whether there is more behind `items`: ask with a larger `offset`."""


class Count(BaseModel):
    """How much of something."""

    count: int


def checked_name(name: str) -> str:
    """Return `name` if a user, a token or a destination may be called so.

    Raises:
        RefusedError: if not.
    """
    if re.fullmatch(NAME, name) is None:
        raise RefusedError("a name has up to 64 letters, digits and . _ - @, a letter first")
    return name


def checked_days(text: str) -> int:
    """Return for how many days a token is to count.

    Raises:
        RefusedError: if that is no number of days.
    """
    if re.fullmatch(r"[0-9]{1,4}", text) is None or not 1 <= int(text) <= MOST_DAYS:
        raise RefusedError(f"a token counts for 1 to {MOST_DAYS} days")
    return int(text)


def checked_study(given: Mapping[str, str]) -> str:
    """Return the Study Instance UID in the field `study` of a form.

    Raises:
        RefusedError: if there is none.
    """
    study = given.get("study", "").strip()
    if re.fullmatch(r"[0-9.]{1,64}", study) is None:
        raise RefusedError("name the study by its Study Instance UID: digits and dots")
    return study


def checked_calling(calling: str) -> str:
    """Return `calling` if it can be an AE title, or is empty: PS3.5 6.2.

    Raises:
        RefusedError: if not.
    """
    if re.fullmatch(r"[ -\[\]-~]{0,16}", calling) is None:
        raise RefusedError("an AE title has up to 16 characters, no backslash")
    return calling.strip()


def checked_digest(digest: str) -> str:
    """Return `digest` if it is a SHA-256.

    Raises:
        RefusedError: if not.
    """
    if re.fullmatch(r"[0-9a-f]{64}", digest) is None:
        raise RefusedError("say which text it is to replace: its SHA-256")
    return digest


def page_of(found: Sequence[T], limit: int) -> Page[T]:
    """Return the first `limit` of `found`, which was asked for with one more."""
    return Page(items=found[:limit], more=len(found) > limit)
