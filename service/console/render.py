"""Pages out of templates: whatever they are told is text in them, never markup."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import QueryParams

from pipelines.results.provenance import DISCLAIMER
from service.console.person import Person
from service.console.words import (
    DONE,
    told_between,
    told_bytes,
    told_seconds,
    told_stray,
    told_tolerance,
)
from service.ledger.people import Role
from service.version import VERSION

HERE = Path(__file__).parent
LONGEST_NEXT = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation."""

    address: str
    name: str
    role: Role = Role.VIEWER


NAVIGATION = (
    Entry("/", "Overview"),
    Entry("/studies", "Studies"),
    Entry("/jobs", "Jobs"),
    Entry("/deliveries", "Deliveries"),
    Entry("/destinations", "Destinations"),
    Entry("/routes", "Routes"),
    Entry("/refusals", "Refusals"),
    Entry("/notifications", "Notifications"),
    Entry("/models", "Models"),
    Entry("/users", "Users", Role.ADMIN),
    Entry("/audit", "Audit", Role.ADMIN),
)


@dataclass(frozen=True)
class Pages:
    """Makes pages; `templates` has one file for each, and `base.html.j2`, which all extend."""

    environment: Environment

    def page(
        self,
        request: Request,
        name: str,
        person: Person | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        **told: object,
    ) -> HTMLResponse:
        """Return the page of that name for `person`."""
        text = self.environment.get_template(f"{name}.html.j2").render(
            path=request.url.path,
            query=request.query_params,
            person=person,
            navigation=[one for one in NAVIGATION if person and person.role.covers(one.role)],
            said=DONE.get(request.query_params.get("did", ""), ""),
            **told,
        )
        return HTMLResponse(text, status)

    def problem(
        self, request: Request, status: HTTPStatus, detail: str, headers: Mapping[str, str]
    ) -> HTMLResponse:
        """Return a page that says what is wrong."""
        answer = self.page(request, "problem", status=status, title=status.phrase, detail=detail)
        answer.headers.update(headers)
        return answer

    def sign_in_address(self, request: Request) -> str:
        """Return where to sign in, and to go on from there to what was asked for."""
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.method != "GET" or asked == "/" or len(asked) > LONGEST_NEXT:
            return "/sign-in"
        return f"/sign-in?{urlencode({'next': asked})}"


def turned(query: QueryParams, offset: int) -> str:
    """Return `query` for another part of a list."""
    kept = {name: value for name, value in query.items() if name not in {"offset", "did"}}
    return urlencode({**kept, "offset": max(offset, 0)})


def make_pages() -> Pages:
    """Return what makes the console's pages."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "seconds": told_seconds,
        "bytes": told_bytes,
        "tolerated": told_tolerance,
        "strayed": told_stray,
    }
    environment.globals |= {
        "between": told_between,
        "turned": turned,
        "disclaimer": DISCLAIMER,
        "version": VERSION,
        "Role": Role,
    }
    return Pages(environment)
