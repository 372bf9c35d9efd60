"""`senoscope serve` and `senoscope worker`: the node itself."""

import signal
import threading
from typing import Annotated

import typer

from service import log
from service.celery_worker import run_worker
from service.cli.options import Config, examples
from service.node import Role
from service.stacks import telling
from service.wiring import make_node


def register(app: typer.Typer) -> None:
    """Give `app` the commands."""
    app.command(
        epilog=examples("senoscope serve", "senoscope serve --config /etc/senoscope/senoscope.toml")
    )(serve)
    app.command(
        epilog=examples("senoscope worker", "senoscope worker --device cuda:0 --device cuda:1")
    )(worker)


def serve(
    config: Config = None,
    role: Annotated[
        list[Role] | None, typer.Option("--role", help="Only these; default: all of them.")
    ] = None,
) -> None:
    """Run the node until SIGTERM or Ctrl-C: then finish what is running and exit 0."""
    log.set_up()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    node = make_node(config, frozenset(role or Role))
    with telling(node.data):
        node.run(stop)


def worker(
    config: Config = None,
    device: Annotated[
        list[str] | None,
        typer.Option(help="cpu, cuda:0 or auto, one process each; default: those of the settings."),
    ] = None,
) -> None:
    """Run a worker: it does the jobs of the node that shares its ledger, broker and spool.

    SIGTERM lets it finish the jobs at hand and exit 0; a second one ends it at once.
    """
    run_worker(config, device or ())
