"""`senoscope check`: does everything this node needs work, before a modality finds out."""

from collections.abc import Iterator
from dataclasses import asdict

import typer

from service.checks import Check
from service.checkup import Checkup
from service.cli.options import Config, Json, console, examples, print_json
from service.ledger.patience import QUICK
from service.parts import Parts
from service.settings import load_settings


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(epilog=examples("senoscope check", "senoscope check --json"))(check)


def check(config: Config = None, as_json: Json = False) -> None:
    """Check configuration, routes, disk, ledger, clock, broker, worker, models, destinations.

    Then a phantom study is sent through the running node, and what comes out is compared.
    """
    running = Checkup(Parts(load_settings(config), QUICK)).run()
    found = list(running if as_json else _told(running))
    if as_json:
        print_json([asdict(one) for one in found])
    if not all(one.ok for one in found):
        raise typer.Exit(1)


def _told(found: Iterator[Check]) -> Iterator[Check]:
    """Print each as it comes."""
    for one in found:
        console.print(
            f"{'ok  ' if one.ok else 'FAIL'} {one.name}: {one.detail}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
        yield one
