"""`senoscope serve` and `senoscope worker`: the node itself."""

import signal
import threading
from typing import Annotated

import typer

from service.cli.options import Config, examples
from service.node import Role


def serve(
    config: Config = None,
    role: Annotated[
        list[Role] | None, typer.Option("--role", help="Only these; default: all of them.")
    ] = None,
) -> None:
    """Run the node until SIGTERM or Ctrl-C: then finish what is running and exit 0."""
    from service import log  # noqa: PLC0415
    from service.wiring import make_node  # noqa: PLC0415 - a help page needs no node

    log.set_up()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    make_node(config, frozenset(role or Role)).run(stop)


def worker(
    config: Config = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda:0, or auto; default: those of the settings.")
    ] = None,
) -> None:
    """Run a Celery worker: it does the jobs of the node that shares its ledger and spool."""
    from service.celery_worker import run_worker  # noqa: PLC0415

    run_worker(config, device)


serve.__doc__ = f"{serve.__doc__}\n\n" + examples(
    "senoscope serve", "senoscope serve --config /etc/senoscope/senoscope.toml"
)
worker.__doc__ = f"{worker.__doc__}\n\n" + examples("senoscope worker --device cpu")
