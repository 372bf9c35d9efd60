"""A whole node of one's own, all its roles in one process and its worker's."""

import sys
import time
import tomllib
from http import HTTPStatus
from pathlib import Path

import httpx
from support.receivers import CALLED, CONFIG, HOST, ROUTES, free_port

READY_S = 300.0


def whole_node(root: Path, port: int, routes: str = ROUTES) -> list[str]:
    """Return the command of a node that sends no canaries."""
    root.mkdir(parents=True)
    config = root / "senoscope.toml"
    http = f"[canary]\nevery_s = 0\n[http]\nport = {free_port()}"
    config.write_text(CONFIG.format(called=CALLED, port=port, most=64, more=http))
    (root / "routes.toml").write_text(routes)
    return [sys.executable, "-m", "service", "serve", "--config", str(config)]


def wait_until_ready(root: Path) -> None:
    """Wait until the engines are open.

    Raises:
        SystemExit: they are not in time.
    """
    port = tomllib.loads((root / "senoscope.toml").read_text())["http"]["port"]
    until = time.monotonic() + READY_S
    while not _is_ready(f"http://{HOST}:{port}/readyz"):
        if time.monotonic() > until:
            raise SystemExit("the node does not get ready: it is not measured")
        time.sleep(1)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(address, timeout=READY_S).status_code == HTTPStatus.OK
    except httpx.TransportError:  # it does not listen yet
        return False
