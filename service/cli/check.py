"""`senoscope check`: does everything this node needs work, before a modality finds out."""

from dataclasses import asdict

import typer

from service.checks import run_checks
from service.cli.options import Config, Json, console, examples, print_json
from service.wiring import make_checks


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(epilog=examples("senoscope check", "senoscope check --json"))(check)


def check(config: Config = None, as_json: Json = False) -> None:
    """Check configuration, routes, destinations (C-ECHO), disk, ledger, broker, worker, models."""
    found = run_checks(make_checks(config))
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            console.print(
                f"{'ok  ' if one.ok else 'FAIL'} {one.name}: {one.detail}", soft_wrap=True
            )
    if not all(one.ok for one in found):
        raise typer.Exit(1)
