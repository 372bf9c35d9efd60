"""`senoscope audit`: who did what."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.options import Config, Json, Limit, examples, print_entries, print_json
from service.opening import open_ledger

app = typer.Typer(help="Who did what by the console, the API and commands.", no_args_is_help=True)


@app.command(
    "list", epilog=examples("senoscope audit list --who ada", "senoscope audit list --json")
)
def list_entries(
    who: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only actions that begin so: job.")] = None,
    limit: Limit = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the audit trail, newest first: changes, images viewed, sign-ins that worked or not."""
    found = open_ledger(config).audit(who, action, limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_entries(
        f"{len(found)} entries",
        ["at", "who", "role", "from", "action", "of", "outcome:"],
        [
            [f"{e.at:%Y-%m-%d %H:%M:%S}", e.who, e.role, e.address, e.action, e.object, e.outcome]
            for e in found
        ],
    )
