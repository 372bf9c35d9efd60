"""`senoscope routes replay`: what routes would make of the studies that are kept."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_json
from service.cli.routes_explain import Draft, judge_of
from service.errors import NodeError, WrongUsageError
from service.ledger.histories import Histories
from service.parts import Parts
from service.router.judge import Judge
from service.router.replaying import Change, replayed
from service.router.sight import Headers
from service.wiring import settings_of

WORDS = {
    "new job": "jobs would be new",
    "no job": "jobs would not be made",
    "other job": "jobs would go elsewhere, or in another lane",
    "decision": "decisions on images would be others",
}
Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Studies of which something came since then."
    ),
]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A study that was looked at again."""

    study_instance_uid: str
    images: int
    changes: Sequence[Change] = ()
    passed_over: str = ""
    """Why it could not be looked at."""


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        "replay",
        epilog=examples(
            "senoscope routes replay --all --routes draft.toml",
            "senoscope routes replay --since 2026-01-31 --summary",
            "senoscope routes replay 2.25.1234",
        ),
    )(replay)


def replay(
    study_uids: Annotated[
        list[str] | None, typer.Argument(help="Study Instance UIDs.", metavar="[STUDY_UID]...")
    ] = None,
    *,
    draft: Draft = None,
    everything: Annotated[bool, typer.Option("--all", help="All studies in the ledger.")] = False,
    since: Since = None,
    summary: Annotated[bool, typer.Option("--summary", help="Only how much would change.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say what would change for studies that are kept if they came now; nothing is done."""
    parts = Parts(settings_of(config))
    if not (study_uids or everything or since):
        raise WrongUsageError("which studies? name their UIDs, or write --all or --since DATE")
    judge = judge_of(parts, draft)
    chosen = _chosen(parts, study_uids or [], since)
    found = list(_replayed(judge, parts.ledger, parts.received, chosen))
    if as_json:
        print_json(_as_dict(found))
    else:
        _print([] if summary else found)
        _print_summary(found)


def _chosen(parts: Parts, study_uids: Sequence[str], since: datetime | None) -> Sequence[str]:
    """Return the studies that were named, else those since then, else all.

    Raises:
        UnknownError: if one of those named is not in the ledger.
    """
    for uid in study_uids:
        parts.ledger.study(uid)
    return study_uids or parts.ledger.study_uids(since.astimezone(UTC) if since else None)


def _replayed(
    judge: Judge, ledger: Histories, received: Headers, study_uids: Sequence[str]
) -> Iterator[Replayed]:
    for history in ledger.histories(study_uids):
        uid, images = history.study_instance_uid, len(history.instances)
        try:
            yield Replayed(uid, images, replayed(judge, history, received))
        except NodeError as error:
            yield Replayed(uid, images, passed_over=str(error))


def _print(found: Sequence[Replayed]) -> None:
    """Print what would change, study by study."""
    for one in found:
        if one.passed_over:
            typer.echo(f"{one.study_instance_uid}\n    passed over: {one.passed_over}")
        elif one.changes:
            typer.echo(one.study_instance_uid)
            for change in one.changes:
                typer.echo(f"    {_told(change)}")


def _told(change: Change) -> str:
    where = ", ".join(filter(None, (change.route, change.pipeline))) or "no route"
    if change.kind == "decision":
        (image,) = change.images
        return f"{image} ({where}): {change.then or 'nothing'} -> {change.now or 'nothing'}"
    there = f" ({' -> '.join(filter(None, (change.then, change.now)))})"
    return f"{change.kind}: {where}: {' '.join(change.images)}{there}"


def _print_summary(found: Sequence[Replayed]) -> None:
    changed = sum(bool(one.changes) for one in found)
    images = sum(one.images for one in found)
    typer.echo(f"{len(found)} studies, {images} images: {changed} studies would change")
    for kind, count in _counts(found).items():
        typer.echo(f"    {count} {WORDS[kind]}")
    if passed_over := sum(bool(one.passed_over) for one in found):
        typer.echo(f"    {passed_over} studies were passed over")


def _counts(found: Sequence[Replayed]) -> Mapping[str, int]:
    counted: Counter[str] = Counter(change.kind for one in found for change in one.changes)
    return {kind: counted[kind] for kind in WORDS}


def _as_dict(found: Sequence[Replayed]) -> Mapping[str, object]:
    return {
        "studies": len(found),
        "images": sum(one.images for one in found),
        "changed": sum(bool(one.changes) for one in found),
        "counts": _counts(found),
        "passed_over": [
            {"study_instance_uid": one.study_instance_uid, "reason": one.passed_over}
            for one in found
            if one.passed_over
        ],
        "changes": [
            {"study_instance_uid": one.study_instance_uid, **asdict(change)}
            for one in found
            for change in one.changes
        ],
    }
