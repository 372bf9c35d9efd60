"""The command `senoscope`: every command in one list."""

from typing import Annotated

import typer

from service.cli import (
    api_tokens,
    audit,
    backup,
    check,
    commitments,
    datasets,
    deliveries,
    demo,
    destinations,
    doctor,
    engines,
    evaluate,
    jobs,
    notify,
    overview,
    process,
    quarantine,
    reader_study,
    routes,
    send,
    serve,
    studies,
    token,
    train,
    users,
)
from service.version import VERSION

app = typer.Typer(
    name="senoscope",
    help="A DICOM node for mammography: receives studies, runs networks, answers in DICOM.\n\n"
    "Research use only. Not for clinical diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (serve, demo, process, send, check, evaluate, backup, doctor):
    command.register(app)
app.add_typer(studies.app, name="studies")
app.add_typer(jobs.app, name="jobs")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(commitments.app, name="commitments")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(backup.app, name="backups")
app.add_typer(notify.app, name="notify")
app.add_typer(routes.app, name="routes")
app.add_typer(engines.app, name="engines")
app.add_typer(token.app, name="token")
app.add_typer(users.app, name="users")
app.add_typer(api_tokens.app, name="api-token")
app.add_typer(audit.app, name="audit")
app.add_typer(train.app, name="train")
app.add_typer(reader_study.app, name="reader-study")
app.add_typer(datasets.app, name="datasets")
app.add_typer(destinations.app, name="destinations")
overview.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"senoscope {VERSION} (research use only)")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """A DICOM node for mammography. Research use only."""
    del version
