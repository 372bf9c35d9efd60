"""The commands of `senoscope`, each loaded when it is wanted: all of them take seconds."""

from importlib import import_module
from typing import Annotated

import typer

from service.version import VERSION

ALONE = {
    "serve": ("serve", "worker"),
    "demo": ("demo",),
    "process": ("process",),
    "send": ("send",),
    "check": ("check",),
    "evaluate": ("evaluate",),
    "backup": ("backup", "restore"),
    "doctor": ("doctor",),
    "overview": ("overview",),
}
"""By module, the commands that it registers."""
GROUPS = {
    "studies": "studies",
    "jobs": "jobs",
    "deliveries": "deliveries",
    "commitments": "commitments",
    "quarantine": "quarantine",
    "backups": "backup",
    "notify": "notify",
    "routes": "routes",
    "engines": "engines",
    "token": "token",
    "users": "users",
    "api-token": "api_tokens",
    "audit": "audit",
    "train": "train",
    "reader-study": "reader_study",
    "datasets": "datasets",
    "destinations": "destinations",
}
"""By the word that stands before its commands, a module."""


def make_app(wanted: str = "") -> typer.Typer:
    """Return `senoscope` with the command `wanted`, or with all where none is called so."""
    app = typer.Typer(
        name="senoscope",
        help="A DICOM node for mammography: receives studies, runs networks, answers in DICOM.\n\n"
        "Research use only. Not for clinical diagnosis.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    is_known = wanted in GROUPS or any(wanted in names for names in ALONE.values())
    for module, names in ALONE.items():
        if wanted in names or not is_known:
            import_module(f"service.cli.{module}").register(app)
    for name, module in GROUPS.items():
        if name == wanted or not is_known:
            app.add_typer(import_module(f"service.cli.{module}").app, name=name)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"senoscope {VERSION} (research use only)")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """A DICOM node for mammography. Research use only."""
    del version
