"""The node's HTTP port: is it alive, can it take work, what does it count."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from service.checks import Check
from service.http.access import OPEN
from service.http.heads import Heads


def make_app(
    version: str,
    registry: CollectorRegistry,
    found: Callable[[], Sequence[Check]],
    doors: Sequence[APIRouter] = (),
) -> FastAPI:
    """Return the application; `found` is asked at each question to ``/readyz``, which is open."""
    app = FastAPI(
        title="Senoscope",
        version=version,
        description="Research use only.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )

    @app.get("/healthz", dependencies=[Depends(OPEN)])
    async def healthz() -> dict[str, str]:  # in no thread: all of them may wait for the ledger
        """Answer as long as the process lives."""
        return {"status": "alive", "version": version}

    @app.get(
        "/readyz",
        responses={503: {"description": "It cannot take work; reasons inside."}},
        dependencies=[Depends(OPEN)],
    )
    def readyz() -> JSONResponse:
        """Tell whether the node can take work, with each reason."""
        checks = found()
        ready = all(check.ok for check in checks)
        body = {"ready": ready, "checks": [asdict(check) for check in checks]}
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get("/metrics", include_in_schema=False, dependencies=[Depends(OPEN)])
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    app.add_middleware(Heads)
    for door in doors:
        app.include_router(door)
    return app
