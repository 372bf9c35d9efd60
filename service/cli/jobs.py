"""`senoscope jobs`: what is being done, what failed, and what to do about it."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.options import (
    Config,
    Json,
    Limit,
    examples,
    print_entries,
    print_json,
    print_table,
    tell,
)
from service.cli.people import deeds, this_person
from service.ledger.ledger import Ledger
from service.ledger.records import JobState
from service.opening import open_ledger

app = typer.Typer(help="Jobs: one pipeline on one image.", no_args_is_help=True)
JobId = Annotated[str, typer.Argument(help="As `jobs list` shows it; its beginning is enough.")]


@app.command(
    "list", epilog=examples("senoscope jobs list --state dead", "senoscope jobs list --json")
)
def list_jobs(
    state: Annotated[JobState | None, typer.Option(help="Only those in this state.")] = None,
    study: Annotated[str | None, typer.Option(help="Only those of this study.")] = None,
    limit: Limit = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List jobs, newest first."""
    jobs = open_ledger(config).jobs(study, state, limit)
    if as_json:
        print_json([asdict(job) for job in jobs])
        return
    print_entries(
        f"{len(jobs)} jobs",
        ["job", "state", "pipeline", "route", "tries", "seconds", "error:"],
        [
            [
                job.job_id[:12],
                job.state,
                job.pipeline,
                job.route,
                job.failures + job.crashes + job.losts,
                f"{sum(job.stages.values()):.1f}" if job.stages else "",
                job.error,
            ]
            for job in jobs
        ],
    )


@app.command("show", epilog=examples("senoscope jobs show 3f2a9c"))
def show(job_id: JobId, config: Config = None, as_json: Json = False) -> None:
    """Show one job, its stages, its results and their deliveries."""
    ledger = open_ledger(config)
    job = ledger.job(ledger.job_id_of(job_id))
    deliveries = [
        each
        for each in ledger.deliveries(job.study_instance_uid, limit=None)
        if each.job_id == job.job_id
    ]
    if as_json:
        print_json(
            {
                **asdict(job),
                "results": [asdict(result) for result in ledger.results(job.job_id)],
                "deliveries": [asdict(delivery) for delivery in deliveries],
            }
        )
        return
    print_table(
        f"job {job.job_id}", ["field", "value"], [(k, v) for k, v in asdict(job).items() if v]
    )
    print_entries(
        "deliveries",
        ["result", "to", "state", "attempts", "error:"],
        [[d.sop_instance_uid, d.destination, d.state, d.attempts, d.error] for d in deliveries],
    )


@app.command("retry", epilog=examples("senoscope jobs retry 3f2a9c", "senoscope jobs retry --all"))
def retry(
    job_id: Annotated[str | None, typer.Argument(help="The job.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead and parked job.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Queue a dead, parked or cancelled job again."""
    if not every and job_id is None:
        raise typer.BadParameter("name a job, or say --all")
    does, person = deeds(config), this_person()
    chosen = _failed(does.ledger) if every else [does.ledger.job_id_of(job_id or "")]
    for one in chosen:
        does.retry_job(person, one)
    told = "\n".join(f"{one[:12]} queued again" for one in chosen)
    tell(told, as_json=as_json, queued=chosen)


@app.command("cancel", epilog=examples("senoscope jobs cancel 3f2a9c"))
def cancel(job_id: JobId, config: Config = None, as_json: Json = False) -> None:
    """Cancel a queued or running job."""
    does = deeds(config)
    one = does.ledger.job_id_of(job_id)
    does.cancel_job(this_person(), one)
    tell(f"{one[:12]} cancelled", as_json=as_json, cancelled=[one])


def _failed(ledger: Ledger) -> list[str]:
    states = (JobState.DEAD, JobState.PARKED)
    return [job.job_id for state in states for job in ledger.jobs(state=state, limit=None)]
