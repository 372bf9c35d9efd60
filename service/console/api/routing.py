"""All of the API under one address."""

from typing import Any

from fastapi import APIRouter

from service.console.api.deliveries import deliveries_router, destinations_router
from service.console.api.images import images_router
from service.console.api.jobs import jobs_router
from service.console.api.node import node_router
from service.console.api.people import audit_router, tokens_router, users_router
from service.console.api.routes import routes_api
from service.console.api.studies import studies_router
from service.console.desk import Desk
from service.console.problems import MEDIA_TYPE
from service.console.viewer.gallery import Gallery

PREFIX = "/api/v1"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, in plain words."},
    },
}
_WHEN = {
    400: "The body cannot be read.",
    401: "Nobody is signed in, or the token is nobody's.",
    403: "Your role is too low, or the form is of another session.",
    404: "There is no such thing.",
    409: "That cannot be done as things stand.",
    413: "The body is too long.",
    422: "A parameter is wrong.",
    429: "Too many failures: wait.",
    503: "The ledger cannot be reached now.",
}


def api_router(desk: Desk, gallery: Gallery) -> APIRouter:
    """Return everything below `/api/v1`."""
    router = APIRouter(prefix=PREFIX, responses=problems())
    for made in (
        studies_router,
        jobs_router,
        deliveries_router,
        destinations_router,
        node_router,
        routes_api,
        users_router,
        tokens_router,
        audit_router,
    ):
        router.include_router(made(desk))
    router.include_router(images_router(gallery))
    return router


def problems() -> dict[int | str, dict[str, Any]]:
    """Return what every address may answer instead, for the description."""
    return {
        status: {"description": when, "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        for status, when in _WHEN.items()
    }
