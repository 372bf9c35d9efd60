"""`senoscope deliveries`: what the destinations are still to receive."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.options import Config, Json, Limit, examples, print_entries, print_json, tell
from service.cli.people import deeds, this_person
from service.ledger.records import Delivery, DeliveryState
from service.opening import open_ledger

app = typer.Typer(help="Deliveries: one result to one destination.", no_args_is_help=True)


@app.command("list", epilog=examples("senoscope deliveries list --state parked"))
def list_deliveries(
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.")] = None,
    study: Annotated[str | None, typer.Option(help="Only those of this study.")] = None,
    limit: Limit = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List deliveries, newest first."""
    deliveries = open_ledger(config).deliveries(study, state, limit)
    if as_json:
        print_json([asdict(delivery) for delivery in deliveries])
        return
    print_entries(
        f"{len(deliveries)} deliveries",
        ["result", "to", "state", "attempts", "next try at", "commitment", "error or remark:"],
        [
            [
                d.sop_instance_uid,
                d.destination,
                d.state,
                d.attempts,
                f"{d.run_at:%H:%M:%S}" if d.state is DeliveryState.OWED else "",
                commitment_of(d),
                d.error,
            ]
            for d in deliveries
        ],
    )


def commitment_of(delivery: Delivery) -> str:
    """Return in a word whether the destination committed itself to keep it."""
    if delivery.committed_at is not None:
        return "given"
    return "asked" if delivery.transaction_uid else ""


@app.command("retry", epilog=examples("senoscope deliveries retry --destination pacs"))
def retry(
    destination: Annotated[str | None, typer.Option(help="Only to this destination.")] = None,
    study: Annotated[str | None, typer.Option(help="Only those of this study.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Send parked and postponed deliveries again now."""
    count = deeds(config).retry_deliveries(this_person(), destination, study)
    tell(f"{count} deliveries owed again now", as_json=as_json, count=count)


@app.command("resend", epilog=examples("senoscope deliveries resend 2.25.1234 --to pacs"))
def resend(
    study_uid: Annotated[str, typer.Argument(help="Study Instance UID.", metavar="STUDY_UID")],
    to: Annotated[str, typer.Option(help="The destination.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Send again what a destination was sent of a study: it lost it, or was replaced."""
    count = deeds(config).resend_study(this_person(), study_uid, to)
    tell(f"{count} deliveries owed again now", as_json=as_json, count=count)
