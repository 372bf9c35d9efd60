"""What the clinic may write in `routes.toml`: see docs/routes.md."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from pipelines.kinds import USUAL, Kind
from service.ledger.records import Priority
from service.networks import IpNetwork, Network
from service.router.conditions import When
from service.router.hours import Day, Hours, hours_of
from service.router.rules import Complete, Limits
from service.router.table import Table

__all__ = ["Complete", "Destination", "Limits", "Route", "Routes"]

SENDER = "sender"
"""In place of a destination's name: the one whose AE title sent the image."""

AeTitle = Annotated[str, StringConstraints(pattern=r"^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$")]
"""PS3.5 Table 6.2-1: up to 16 characters, neither backslash nor blanks around."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""Of a route or destination: it becomes a label of metrics."""


class Destination(Table):
    """A peer that results are sent to, by C-STORE or by STOW-RS."""

    ae_title: AeTitle = ""
    """By which it is called; case matters."""
    host: str = Field(default="", min_length=1)
    """Its name or address."""
    port: int = Field(default=0, ge=1, le=65535)
    """That it listens on."""
    associations: int = Field(default=2, ge=1, le=16)
    """At most, at once: each sends one object after the other."""
    tls: bool = False
    """Whether TLS is spoken with it."""
    tls_ca: str = ""
    """File of the authorities that vouch for it; empty: those that the system trusts."""
    tls_cert: str = ""
    """File of our certificate, where it asks for one."""
    tls_key: str = ""
    """File of the key of our certificate."""
    storage_commitment: bool = False
    """Whether it is asked to commit itself to keep what it was sent."""
    find_after: bool = False
    """Whether it is asked afterwards if what it was sent can be found there."""
    stow_url: str = Field(default="", pattern=r"^(https?://[^\s?#@]+)?$")
    """Of the studies of a STOW-RS service, in place of AE title, host and port."""
    stow_token_file: str = ""
    """File of a bearer token."""
    stow_user: str = ""
    """In place of a token: the name for HTTP Basic."""
    stow_password_file: str = ""
    """File of the password of that user."""
    accepts: tuple[Kind, ...] = Field(default=tuple(sorted(USUAL)), min_length=1)
    """The kinds of results that it is sent: docs/results.md."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        dicom = self.model_fields_set & _OF_DICOM
        if self.stow_url and dicom:
            raise ValueError(f"stow_url and {', '.join(sorted(dicom))}: write one or the other")
        missing = [key for key in ("ae_title", "host", "port") if not getattr(self, key)]
        if missing and not self.stow_url:
            raise ValueError(f"{', '.join(missing)}: missing (or write stow_url)")
        if self.model_fields_set & _OF_STOW and not self.stow_url:
            raise ValueError("there is no stow_url to use them with: stow_token_file, stow_user")
        return self

    @model_validator(mode="after")
    def _has_both_halves(self) -> Self:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key: write both or neither")
        if bool(self.stow_user) != bool(self.stow_password_file):
            raise ValueError("stow_user and stow_password_file: write both or neither")
        if self.stow_user and self.stow_token_file:
            raise ValueError("stow_user and stow_token_file: write one or the other")
        secret = self.stow_user or self.stow_token_file
        if secret and not self.stow_url.startswith("https:"):
            raise ValueError("stow_url: credentials are sent over https alone")
        if (self.tls_ca or self.tls_cert) and not (self.tls or self.stow_url):
            raise ValueError("tls_ca and tls_cert: write tls = true too")
        return self


_OF_DICOM = {"ae_title", "host", "port", "tls", "storage_commitment", "find_after"}
_OF_STOW = {"stow_token_file", "stow_user", "stow_password_file"}


class Route(Table):
    """Which images go through which pipelines, and where the results go."""

    name: Name
    """Of the route: each once; a label of metrics."""
    calling: tuple[str, ...] = Field(default=("*",), min_length=1)
    """Globs of AE titles that may use it; they may associate with this node at all."""
    networks: tuple[Network, ...] = ()
    """Where those AE titles may call from, such as ``10.1.0.0/16``; empty: anywhere."""
    when: tuple[When, ...] = ()
    """Conditions, all of which must hold for an image."""
    study_when: tuple[When, ...] = ()
    """Conditions, each of which must hold for at least one image of the study."""
    complete: Complete = Complete()
    """When all of a study is thought to be here."""
    fallback: bool = False
    """Whether it applies only to images that no other route takes."""
    pipelines: tuple[str, ...]
    """What is run; none where only originals are passed on."""
    originals: bool = False
    """Whether the images themselves are sent to `send_to`, as they were received."""
    allow: tuple[str, ...] = ()
    """Kinds of images that are analysed although others like them are not: docs/cad-sources.md."""
    marks: bool = True
    """Whether regions that objects of the study mark are looked at, and no others."""
    versions: Literal["first", "newest"] = "first"
    """Which bytes count where different ones came under one SOP Instance UID: docs/intake.md."""
    send_to: tuple[str, ...] = Field(min_length=1)
    """Names of destinations; ``sender``: the one whose AE title sent the image."""
    priority: Literal["urgent", "routine", "background"] = "routine"
    """Whose job runs first, and whose result goes out first."""
    hours: tuple[str, ...] = ()
    """When work is begun, such as ``19:00-06:00``; empty: at any time."""
    days: tuple[Day, ...] = ()
    """On which the hours begin; empty: every day."""
    time_zone: str = ""
    """Of the hours, such as ``Europe/Berlin``; empty: the system's."""
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.pipelines and not self.originals:
            raise ValueError("pipelines: none, and no originals = true: it would do nothing")
        if self.originals and SENDER in self.send_to:
            raise ValueError(f"originals and {SENDER!r}: who sent an image has it already")
        return self

    @model_validator(mode="after")
    def _hours_are_right(self) -> Self:
        if not self.hours and (self.days or self.time_zone):
            raise ValueError("days and time_zone belong to hours: write hours too")
        hours_of(self.hours, self.days, self.time_zone)
        return self

    @property
    def open_hours(self) -> Hours:
        """When its work may be begun."""
        return hours_of(self.hours, self.days, self.time_zone)

    @property
    def lane(self) -> Priority:
        """The priority of its jobs."""
        return Priority[self.priority.upper()]


class Routes(Table):
    """All of `routes.toml`."""

    destinations: Mapping[Name, Destination] = {}
    """Peers that results are sent to, by the names that routes call them."""
    routes: tuple[Route, ...] = ()
    """Which images go through which pipelines; an image takes every route that applies to it."""
    _text: str = PrivateAttr("")

    @property
    def text(self) -> str:
        """The file that they were read from; empty where they were not read."""
        return self._text

    def read_from(self, text: str) -> "Routes":
        """Return them as what was read from `text`."""
        again = self.model_copy()
        again._text = text  # noqa: SLF001 - its own
        return again

    @property
    def calling(self) -> tuple[str, ...]:
        """The globs of AE titles that may call, each once."""
        return tuple(dict.fromkeys(glob for route in self.routes for glob in route.calling))

    @property
    def callers(self) -> tuple[tuple[str, tuple[IpNetwork, ...]], ...]:
        """The globs of AE titles that may call, each with the networks of its route."""
        return tuple((glob, route.networks) for route in self.routes for glob in route.calling)

    def versions(self, route: str) -> Literal["first", "newest"]:
        """Return which versions of an object that route looks at."""
        return next((one.versions for one in self.routes if one.name == route), "first")
