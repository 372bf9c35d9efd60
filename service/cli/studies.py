"""`senoscope studies`: what came in, and what was made of each image, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from service.cli import studies_look
from service.cli.options import (
    Config,
    Json,
    Limit,
    console,
    examples,
    print_entries,
    print_json,
    tell,
)
from service.cli.people import deeds, this_person
from service.ledger.ledger import Ledger
from service.ledger.records import Completion, Decision, Delivery, Job, Study
from service.opening import open_ledger

app = typer.Typer(help="Studies that came in.", no_args_is_help=True)
StudyUid = Annotated[str, typer.Argument(help="Study Instance UID.", metavar="STUDY_UID")]


@app.command(
    "list", epilog=examples("senoscope studies list", "senoscope studies list --refused --json")
)
def list_studies(
    refused: Annotated[
        bool, typer.Option("--refused", help="Instead: what was refused, and why.")
    ] = False,
    limit: Limit = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the studies received, newest first."""
    ledger = open_ledger(config)
    if refused:
        _list_refusals(ledger, limit, as_json)
        return
    studies = ledger.studies(limit)
    if as_json:
        print_json([asdict(study) for study in studies])
        return
    print_entries(
        f"{len(studies)} studies",
        ["study", "from", "images", "undecided", "views", "last image at", "held:"],
        [
            [
                s.study_instance_uid,
                s.calling_ae_title,
                f"{s.instances} (+{s.versions} versions)" if s.versions else s.instances,
                s.undecided,
                " ".join(s.views),
                f"{s.last_received_at:%Y-%m-%d %H:%M:%S}",
                s.held,
            ]
            for s in studies
        ],
    )


@app.command("show", epilog=examples("senoscope studies show 2.25.1234 --json"))
def show(study_uid: StudyUid, config: Config = None, as_json: Json = False) -> None:
    """Show why a study was complete, what was done with each image or why not, and its results."""
    ledger = open_ledger(config)
    study = ledger.study(study_uid)
    images = _images(ledger, study_uid)
    completions = ledger.completions(study_uid)
    refusals = [asdict(r) for r in ledger.refusals(MANY) if r.study_instance_uid == study_uid]
    if as_json:
        told = {"completions": [asdict(one) for one in completions], "images": images}
        print_json({**asdict(study), **told, "refusals": refusals})
        return
    print_entries(
        f"study {study_uid}",
        ["image", "view", "route", "outcome:", "job", "results sent", "bytes"],
        [
            [
                _named(image),
                image["view"],
                decision["route"],
                decision["error"] or decision["waits"] or decision["reason"],
                decision["job_state"],
                decision["sent"],
                _removed(image),
            ]
            for image in images
            for decision in image["decisions"] or [_undecided(study)]
        ],
    )
    for line in (*map(_told, completions), *_held(study)):
        console.print(line, highlight=False, soft_wrap=True)
    if study.versions:
        console.print(
            f"{study.versions} came with other bytes under a UID that was there before: VERSION;"
            " what becomes of them is each route's `versions`"
        )
    for refusal in refusals:
        console.print(f"refused {refusal['sop_instance_uid']}: {refusal['reason']}")


@app.command("complete", epilog=examples("senoscope studies complete 2.25.1234"))
def complete(study_uid: StudyUid, config: Config = None, as_json: Json = False) -> None:
    """Judge a study now, whatever is still expected of it."""
    deeds(config).complete_study(this_person(), study_uid)
    tell("it is judged now", as_json=as_json, judged=study_uid)


@app.command("reprocess", epilog=examples("senoscope studies reprocess 2.25.1234"))
def reprocess(study_uid: StudyUid, config: Config = None, as_json: Json = False) -> None:
    """Judge a study by today's routes and process it again; the same results keep their UIDs."""
    deeds(config).reprocess_study(this_person(), study_uid)
    tell("it is judged and processed again", as_json=as_json, judged=study_uid)


studies_look.register(app)


MANY = 10_000


def _told(completion: Completion) -> str:
    """Return in a line why a study was complete, and what was made of it then."""
    at = f"{completion.completed_at:%Y-%m-%d %H:%M:%S}"
    why = f"complete at {at} because {completion.reason}"
    missing = f", without {' '.join(completion.missing)}" if completion.missing else ""
    rerun = f", re-run {completion.rerun}" if completion.rerun and completion.jobs else ""
    routes = f", routes version {completion.routes_version}" if completion.routes_version else ""
    return f"{why}{missing}: {completion.images} images, {completion.jobs} new jobs{rerun}{routes}"


def _undecided(study: Study) -> dict[str, Any]:
    why = "waits for a person" if study.held else "is not complete"
    return {**_NO_WORK, "route": "", "reason": f"not judged yet: the study {why}"}


def _held(study: Study) -> list[str]:
    if not study.held:
        return []
    release = f"senoscope studies complete {study.study_instance_uid}"
    return [f"held, {study.held}: it waits for the views, or for `{release}`"]


def _named(image: Mapping[str, Any]) -> str:
    """Return the UID of an image, and which version it is where it is not the first."""
    uid, version = image["sop_instance_uid"], image["version"]
    return f"{uid} VERSION {version}" if version else str(uid)


def _removed(image: Mapping[str, Any]) -> str:
    """Return since when the bytes of an image are gone, if they are."""
    removed_at = image["removed_at"]
    return f"no longer kept, since {removed_at:%Y-%m-%d}" if removed_at else ""


def _images(ledger: Ledger, study_uid: str) -> list[dict[str, Any]]:
    decisions = ledger.decisions(study_uid)
    jobs = {job.job_id: job for job in ledger.jobs(study_uid, limit=None)}
    deliveries = ledger.deliveries(study_uid, limit=None)
    return [
        {
            **asdict(instance),
            "decisions": [
                {**asdict(decision), **_work(ledger, jobs.get(decision.job_id), deliveries)}
                if decision.job_id
                else {**asdict(decision), **_passed_on(decision, deliveries)}
                for decision in decisions
                if (decision.sop_instance_uid, decision.version)
                == (instance.sop_instance_uid, instance.version)
            ],
        }
        for instance in ledger.instances(study_uid)
    ]


def _passed_on(decision: Decision, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """Return how far the original is that is passed on; nothing where none is."""
    ours = [
        each
        for each in deliveries
        if each.is_original
        and decision.taken
        and (each.sop_instance_uid, each.version) == (decision.sop_instance_uid, decision.version)
    ]
    return {
        **_NO_WORK,
        "sent": _share(ours) if ours else "",
        "deliveries": [asdict(each) for each in ours],
    }


def _share(deliveries: Sequence[Delivery]) -> str:
    return f"{sum(each.sent_at is not None for each in deliveries)} of {len(deliveries)}"


_NO_WORK: Mapping[str, Any] = {
    "job_state": "",
    "error": "",
    "waits": "",
    "rerun": 0,
    "routes_version": 0,
    "sent": "",
    "results": [],
    "deliveries": [],
}


def _work(ledger: Ledger, job: Job | None, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """Return how far the job of a decision is; nothing where none was needed."""
    if job is None:
        return {**_NO_WORK}
    ours = [each for each in deliveries if each.job_id == job.job_id]
    return {
        "job_state": job.state,
        "error": job.error,
        "waits": job.waits,
        "rerun": job.rerun,
        "routes_version": job.routes_version,
        "sent": _share(ours),
        "results": [asdict(result) for result in ledger.results(job.job_id)],
        "deliveries": [asdict(each) for each in ours],
    }


def _list_refusals(ledger: Ledger, limit: int, as_json: bool) -> None:
    refusals: Sequence[Any] = ledger.refusals(limit)
    if as_json:
        print_json([asdict(refusal) for refusal in refusals])
        return
    print_entries(
        f"{len(refusals)} refused",
        ["instance", "at", "from", "status", "reason:"],
        [
            [
                r.sop_instance_uid or "association",
                f"{r.refused_at:%Y-%m-%d %H:%M:%S}",
                r.calling_ae_title,
                f"{r.status:04X}H" if r.status else "",
                r.reason,
            ]
            for r in refusals
        ],
    )
