"""The description of the API: OpenAPI for programs, a page for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import RouteContext, iter_route_contexts

from service.console.access import Needs
from service.console.api.routing import PREFIX
from service.console.render import Pages
from service.http.access import OPEN, Declared
from service.ledger.people import Role

DESCRIPTION = (
    "Everything that the console does. Research use only. A program shows a token, made by "
    "“senoscope api-token add”, as “Authorization: Bearer TOKEN”."
)
METHODS = ("get", "post", "put", "delete")


def describing_router(app: FastAPI, pages: Pages) -> APIRouter:
    """Return the addresses of the description of `app`."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(OPEN)])

    @router.get("/api/openapi.json")
    def openapi() -> Response:
        return JSONResponse(description_of(app))

    @router.get("/api/docs")
    def docs(request: Request) -> Response:
        return pages.page(request, "api", described=description_of(app), methods=METHODS)

    return router


def description_of(app: FastAPI) -> Mapping[str, Any]:
    """Return the description of `app`, with the role that each address needs."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
        )
        schemes = described.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer"}
        for path, method, route in addresses(app):
            if path.startswith(PREFIX):
                told: dict[str, Any] = {"security": [{"token": []}], "x-role": role_of(route)}
                described["paths"][path][method.lower()] |= told
        app.openapi_schema = described
    return app.openapi_schema


def addresses(app: FastAPI) -> Iterator[tuple[str, str, RouteContext]]:
    """Yield the path and method of every address of `app`, and what is known of it."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or ()):
            yield str(route.path), method, route


def role_of(route: RouteContext) -> str | None:
    """Return the role that `route` says it needs, who may come besides, or None: it says nothing.

    Of several roles it is the highest.
    """
    asked = [each.call for each in route.dependant.dependencies]
    roles = {each.role for each in asked if isinstance(each, Needs)}
    if roles:
        return next(str(role) for role in reversed(Role) if role in roles)
    return next((each.who for each in asked if isinstance(each, Declared)), None)
