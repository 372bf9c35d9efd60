"""`/api/v1/routes`: what is in force, what a text would do, and putting one into force."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from pydantic import Base64Bytes, BaseModel, Field, StringConstraints, model_validator

from service.console.access import ADMIN, VIEWER
from service.console.desk import Desk
from service.console.parameters import Against, Body, RoutesNumber, Study
from service.console.person import DeniedError, Person
from service.console.routes_changing import Applied, apply, restore
from service.console.routes_desk import LONGEST, Findings, checked_text, digest_of
from service.console.routes_history import Version, difference, version_in_force, versions
from service.console.routes_trying import (
    LARGEST_HEADER,
    MOST_STUDIES,
    Retrospect,
    Tried,
    judge_of,
    look_back,
    try_file,
    try_study,
)
from service.ledger.people import Role

Anybody = Annotated[Person, Depends(VIEWER)]
Admin = Annotated[Person, Depends(ADMIN)]
Toml = Annotated[str, StringConstraints(max_length=LONGEST)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Calling = Annotated[str, StringConstraints(pattern=r"^[ -\[\]-~]{0,16}$")]


class InForce(BaseModel):
    """The routes in force."""

    error: str
    """Why the file on the disk is not in force; empty if it is."""
    version: int
    """Its number in the history; 0 where it was not written down yet."""
    text: str
    sha256: str
    """Of the text on the disk: who changes it says which one they replace."""
    routes: Sequence[Mapping[str, Any]]
    destinations: Mapping[str, Mapping[str, Any]]


class Text(Body):
    """A text of routes."""

    text: Toml


class NewRoutes(Body):
    """A text of routes, and which it replaces."""

    text: Toml
    replaces: Digest


class Replaces(Body):
    """Which text on the disk is to be replaced."""

    replaces: Digest


class Question(Body):
    """What is to be explained: a study that is kept, or an image."""

    study: Study | None = None
    file: Annotated[Base64Bytes, Field(max_length=LARGEST_HEADER)] | None = None
    """The beginning of a DICOM file, up to its pixels, in Base64; it is not kept."""
    calling: Calling = ""
    """As if this AE title had sent it."""
    text: Toml | None = None
    """By these routes, for administrators; else by those in force."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.study is None) == (self.file is None):
            raise ValueError("name a study, or send a file")
        return self


class Look(Body):
    """Which routes, against how many of the last studies."""

    text: Toml | None = None
    most: Annotated[int, Field(ge=1, le=MOST_STUDIES)] = MOST_STUDIES


class OneVersion(BaseModel):
    """A text that came into force, and what changed from it to another."""

    version: Version
    text: str
    difference: Sequence[str]


def routes_api(desk: Desk) -> APIRouter:
    """Return the addresses of routes."""
    router = APIRouter(prefix="/routes", tags=["routes"])
    _add_text(router, desk)
    _add_questions(router, desk)
    _add_versions(router, desk)
    return router


def _add_text(router: APIRouter, desk: Desk) -> None:
    @router.get("", dependencies=[Depends(VIEWER)])
    def routes() -> InForce:
        """Tell the routes in force, and why those on the disk are not, if so."""
        routes = desk.sources.routes()
        found = routes.model_dump(mode="json")
        return InForce(
            error=desk.sources.routes_error(),
            version=version_in_force(desk),
            text=routes.text,
            sha256=digest_of(desk.routes.on_disk()),
            routes=found["routes"],
            destinations=found["destinations"],
        )

    @router.put("")
    def put_routes(new: NewRoutes, person: Admin) -> Applied:
        """Put a text into force: wholly, if it is right and replaces what is there, or not."""
        return apply(desk, person, new.text, new.replaces)

    @router.post("/check", dependencies=[Depends(ADMIN)])
    def check(given: Text) -> Findings:
        """Say everything that is wrong with a text, with line and column; nothing is done."""
        return desk.routes.findings(checked_text(given.text))


def _add_questions(router: APIRouter, desk: Desk) -> None:
    @router.post("/explain")
    def explain(asked: Question, person: Anybody) -> Sequence[Tried]:
        """Say for each image what each route makes of it, or which condition stands against it."""
        if asked.text is not None and not person.role.covers(Role.ADMIN):
            raise DeniedError(HTTPStatus.FORBIDDEN, "routes that are not in force are an admin's")
        judge = judge_of(desk, None if asked.text is None else checked_text(asked.text))
        if asked.file is not None:
            return try_file(desk, judge, asked.file, asked.calling.strip())
        return try_study(desk, judge, asked.study or "", asked.calling.strip())

    @router.post("/replay", dependencies=[Depends(ADMIN)])
    def replay(asked: Look) -> Retrospect:
        """Say what would be otherwise of the last studies if they came now; nothing is done."""
        text = None if asked.text is None else checked_text(asked.text)
        return look_back(desk, judge_of(desk, text), asked.most)


def _add_versions(router: APIRouter, desk: Desk) -> None:
    @router.get("/versions", dependencies=[Depends(VIEWER)])
    def list_versions() -> Sequence[Version]:
        """List the texts that came into force, newest first."""
        return versions(desk)

    @router.get("/versions/{number}", dependencies=[Depends(VIEWER)])
    def show_version(number: RoutesNumber, against: Against = 0) -> OneVersion:
        """Tell one of them, and what changed from it to another, or to what is on the disk."""
        text = desk.ledger.routes_version(number).text
        other = desk.ledger.routes_version(against).text if against else desk.routes.on_disk()
        names = f"version {number}", f"version {against}" if against else desk.routes.path.name
        (found,) = (one for one in versions(desk) if one.version == number)
        return OneVersion(version=found, text=text, difference=difference(text, other, names))

    @router.post("/versions/{number}/restore")
    def restore_version(number: RoutesNumber, given: Replaces, person: Admin) -> Applied:
        """Put a version into force again, if it is right by what the node has today."""
        return restore(desk, person, number, given.replaces)
