"""`senoscope overview`: how the node stands, in numbers."""

from collections.abc import Iterator

import typer

from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.console.api.node import Standing, standing_of
from service.console.desk import Desk
from service.console.there import destinations
from service.ledger.standing import FAILED
from service.parts import Parts
from service.settings import load_settings


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(epilog=examples("senoscope overview", "senoscope overview --json"))(overview)


def overview(config: Config = None, as_json: Json = False) -> None:
    """Count studies, jobs and deliveries by state; list workers; say what is amiss."""
    desk = Parts(load_settings(config)).desk()
    found = standing_of(desk)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _print(found)
    for line in (*_failed_checks(found), *_failed_jobs(found), *_waiting(desk)):
        console.print(f"FAIL {line}", soft_wrap=True, highlight=False, markup=False)


def _print(found: Standing) -> None:
    counts = found.counts
    kinds = {"studies": counts.by_state, "jobs": counts.jobs, "deliveries": counts.deliveries}
    rows = [(kind, state, n) for kind, states in kinds.items() for state, n in states.items()]
    print_table(f"{counts.studies} studies", ["of", "state", "count"], rows)
    for one in found.workers:
        console.print(f"worker {one.owner} on {one.device}: {', '.join(one.engines)}")


def _failed_checks(found: Standing) -> Iterator[str]:
    yield from (f"{check.name}: {check.detail}" for check in found.checks if not check.ok)


def _failed_jobs(found: Standing) -> Iterator[str]:
    for state in FAILED:
        if count := found.counts.jobs.get(state, 0):
            yield f"jobs: {count} {state}: senoscope jobs list --state {state}"


def _waiting(desk: Desk) -> Iterator[str]:
    """Yield what destinations did not take, and which of them are not reached."""
    for one in destinations(desk):
        if one.parked:
            told = f"{one.parked} deliveries parked: senoscope deliveries list --state parked"
            yield f"destination {one.name}: {told}"
        if one.unreachable:
            yield f"destination {one.name}: {one.owed} deliveries wait: {one.unreachable}"
