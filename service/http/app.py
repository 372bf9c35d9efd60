"""The node's HTTP port: is it alive, can it take work, what does it count."""

from collections.abc import Sequence
from dataclasses import asdict

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from service.checks import Checks, run_checks

HOME = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Senoscope {version}</title>
<style>body{{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style>
<h1>Senoscope {version}</h1>
<p><strong>Research use only. Not for clinical diagnosis.</strong></p>
<ul><li><a href="/readyz">Can it take work?</a></li><li><a href="/healthz">Is it alive?</a></li>
<li><a href="/metrics">Metrics</a></li><li><a href="/api/docs">API</a></li></ul></html>"""


def make_app(
    version: str, registry: CollectorRegistry, checks: Checks, doors: Sequence[APIRouter] = ()
) -> FastAPI:
    """Return the application; `checks` are run at each question to ``/readyz``."""
    app = FastAPI(
        title="Senoscope",
        version=version,
        description="Research use only.",
        docs_url="/api/docs",
        openapi_url="/api/openapi.json",
    )

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def home() -> str:
        return HOME.format(version=version)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Answer as long as the process lives."""
        return {"status": "alive", "version": version}

    @app.get("/readyz", responses={503: {"description": "It cannot take work; reasons inside."}})
    def readyz() -> JSONResponse:
        """Tell whether the node can take work, with each reason."""
        found = run_checks(checks)
        ready = all(check.ok for check in found)
        body = {"ready": ready, "checks": [asdict(check) for check in found]}
        return JSONResponse(body, status_code=200 if ready else 503)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    for door in doors:
        app.include_router(door)
    return app
