"""`senoscope destinations`: who is sent results, what waits for them, and whether they answer."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.checks import Check
from service.cli.options import Config, Json, examples, print_entries, print_json, tell
from service.cli.people import this_person
from service.console.desk import Desk
from service.console.sample import send_sample
from service.console.there import destinations
from service.console.there import echo as ask
from service.parts import Parts
from service.settings import load_settings

app = typer.Typer(help="Destinations: who is sent results.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As routes.toml names it.", metavar="NAME")]


@app.command(
    "list", epilog=examples("senoscope destinations list", "senoscope destinations list --json")
)
def list_destinations(config: Config = None, as_json: Json = False) -> None:
    """List the destinations, what waits for each, and why."""
    found = destinations(_desk(config))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_entries(
        f"{len(found)} destinations",
        ["destination", "at", "owed", "parked", "sent", "next try at", "why not now:"],
        [
            [
                one.name,
                one.address or "no route names it any more",
                one.owed,
                one.parked,
                one.sent,
                f"{one.tries_at:%H:%M:%S}" if one.tries_at else "",
                one.unreachable,
            ]
            for one in found
        ],
    )


@app.command("echo", epilog=examples("senoscope destinations echo pacs"))
def echo(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Ask a destination whether it is there: C-ECHO, or a question to its web service."""
    _told(ask(_desk(config), this_person(), name), as_json=as_json)


@app.command("test", epilog=examples("senoscope destinations test pacs"))
def send_test(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Send a destination a small test picture of nobody, and tell what it answered."""
    _told(send_sample(_desk(config), this_person(), name), as_json=as_json)


def _desk(config: Config) -> Desk:
    return Parts(load_settings(config)).desk()


def _told(found: Check, *, as_json: bool) -> None:
    """Print what a destination answered; end with 1 if it is nothing good."""
    tell(f"{'ok  ' if found.ok else 'FAIL'} {found.detail}", as_json=as_json, **asdict(found))
    if not found.ok:
        raise typer.Exit(1)
