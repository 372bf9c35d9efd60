"""`senoscope commitments`: who asked whom to keep what."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.options import Config, Json, Limit, console, examples, print_entries, print_json
from service.ledger.records import CommitmentState
from service.opening import open_ledger

app = typer.Typer(
    help="Storage commitments: asked of us by senders, and by us of destinations.",
    no_args_is_help=True,
)


@app.command("list", epilog=examples("senoscope commitments list --state parked"))
def list_commitments(
    state: Annotated[CommitmentState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List requests, newest first."""
    found = open_ledger(config).commitments(state, limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_entries(
        f"{len(found)} commitments",
        ["transaction", "asked", "objects", "state", "attempts", "next try at", "error:"],
        [
            [
                one.transaction_uid,
                f"of {one.peer}" if one.is_ours else f"by {one.peer}",
                len(one.sop_instance_uids),
                one.state,
                one.attempts,
                f"{one.run_at:%H:%M:%S}" if one.state is CommitmentState.OPEN else "",
                one.error,
            ]
            for one in found
        ],
    )


@app.command("retry", epilog=examples("senoscope commitments retry"))
def retry(config: Config = None) -> None:
    """Try those that are open or parked again now."""
    console.print(f"{open_ledger(config).retry_commitments()} are tried again")
