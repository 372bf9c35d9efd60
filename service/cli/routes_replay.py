"""`senoscope routes replay`: what routes would make of the studies that are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_json
from service.cli.routes_explain import Draft, judge_of
from service.errors import WrongUsageError
from service.parts import Parts
from service.router.retrospect import WORDS, Replayed, counted, retrospect, told
from service.settings import load_settings

Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Studies of which something came since then."
    ),
]


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
    parts = Parts(load_settings(config))
    if not (study_uids or everything or since):
        raise WrongUsageError("which studies? name their UIDs, or write --all or --since DATE")
    judge = judge_of(parts, draft)
    chosen = _chosen(parts, study_uids or [], since)
    found = list(retrospect(judge, parts.ledger, parts.received, chosen))
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


def _print(found: Sequence[Replayed]) -> None:
    """Print what would change, study by study."""
    for one in found:
        if one.passed_over:
            typer.echo(f"{one.study_instance_uid}\n    passed over: {one.passed_over}")
        elif one.changes:
            typer.echo(one.study_instance_uid)
            for change in one.changes:
                typer.echo(f"    {told(change)}")


def _print_summary(found: Sequence[Replayed]) -> None:
    changed = sum(bool(one.changes) for one in found)
    images = sum(one.images for one in found)
    typer.echo(f"{len(found)} studies, {images} images: {changed} studies would change")
    for kind, count in counted(found).items():
        typer.echo(f"    {count} {WORDS[kind]}")
    if passed_over := sum(bool(one.passed_over) for one in found):
        typer.echo(f"    {passed_over} studies were passed over")


def _as_dict(found: Sequence[Replayed]) -> Mapping[str, object]:
    return {
        "studies": len(found),
        "images": sum(one.images for one in found),
        "changed": sum(bool(one.changes) for one in found),
        "counts": counted(found),
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
