"""`senoscope backup`, `restore` and `backups`: all that a node cannot make anew, kept elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TimeRemainingColumn

from service.backup.manifest import Scope, read_manifest
from service.backup.shelf import backups
from service.backup.taking import Backup, Tell
from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.errors import BadConfigurationError
from service.safekeeping import Back, back_up, bring_back, replace, verify

app = typer.Typer(help="Backups that were made.", no_args_is_help=True)
Shelf = Annotated[Path, typer.Argument(help="The folder where backups lie.", metavar="DIR")]
Made = Annotated[
    Path, typer.Argument(help="A backup, or the folder of them: the newest.", metavar="DIR")
]
MB = 1_000_000


def register(app: typer.Typer) -> None:
    """Give `app` the commands."""
    app.command(
        "backup",
        epilog=examples(
            "senoscope backup /mnt/backups", "senoscope backup /mnt/backups --all --keep 7 --json"
        ),
    )(backup_node)
    app.command(
        "restore",
        epilog=examples(
            "senoscope restore /mnt/backups --config /etc/senoscope/senoscope.toml",
            "senoscope restore /mnt/backups/senoscope-20261128T230000.000000Z --force",
        ),
    )(restore_node)


def backup_node(
    *,
    shelf: Shelf,
    everything: Annotated[
        bool,
        typer.Option("--all", help="All images and results, not only those still needed."),
    ] = False,
    keep: Annotated[int, typer.Option(help="The newest so many stay; 0: all of them.", min=0)] = 0,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Back up a node, which goes on: ledger, site key, configuration, and the images still needed.

    The backup holds secrets and patients' images: keep it as you keep those.
    """
    scope = Scope.ALL if everything else Scope.OWED
    with _watched("backup") as tell:
        taken = back_up(config, shelf, scope, keep, tell)
    said = _said(taken.backup)
    if as_json:
        print_json({**said, "outside": taken.outside, "removed": taken.removed})
        return
    console.print(_told(taken.backup), soft_wrap=True)
    for name in taken.backup.manifest.missing:
        console.print(f"not there, though the ledger names it: {name}", soft_wrap=True)
    for path in taken.removed:
        console.print(f"removed the oldest: {path}", soft_wrap=True)


def restore_node(
    *,
    path: Made,
    force: Annotated[
        bool, typer.Option("--force", help="Move what is there aside (PostgreSQL: replace it).")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a node from a backup; stop `senoscope serve` first."""
    with _watched("restore") as tell:
        back = (replace if force else bring_back)(config, path, tell)
    if as_json:
        print_json(
            {
                **_said(back.backup),
                "data_dir": back.data,
                "aside": back.aside,
                "absent": back.absent,
                "kept": back.restored.kept,
                "outside": back.restored.outside,
            }
        )
        return
    _tell(back)


@app.command("list", epilog=examples("senoscope backups list /mnt/backups"))
def list_backups(shelf: Shelf, as_json: Json = False) -> None:
    """List the whole backups in a folder, the oldest first."""
    found = [_listed(path) for path in backups(shelf)]
    if as_json:
        print_json(found)
        return
    print_table(
        f"{len(found)} backups",
        ["name", "files", "MB", "spool", "schema", "release", "why"],
        [_row(one) for one in found],
    )


def _listed(path: Path) -> dict[str, object]:
    try:
        return _said(Backup(path, read_manifest(path)))
    except BadConfigurationError as error:
        return {"backup": path, "broken": str(error)}


def _row(said: Mapping[str, object]) -> list[object]:
    size = said.get("bytes")
    return [
        Path(str(said["backup"])).name,
        said.get("files", ""),
        f"{size / MB:.1f}" if isinstance(size, int) else "",
        said.get("scope", ""),
        said.get("schema_version", ""),
        said.get("senoscope", ""),
        said.get("broken", ""),
    ]


@app.command("verify", epilog=examples("senoscope backups verify /mnt/backups"))
def verify_backup(path: Made, as_json: Json = False) -> None:
    """Look at each byte of a backup: is it what was written?"""
    with _watched("verify") as tell:
        found = verify(path, tell)
    if as_json:
        print_json(_said(found))
        return
    console.print(f"whole: {_told(found)}", soft_wrap=True)


@contextmanager
def _watched(what: str) -> Iterator[Tell]:
    """Give what shows people how far it is; machines read stdout, so it is on stderr."""
    on = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=on, disable=not on.is_terminal, transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _said(one: Backup) -> dict[str, object]:
    manifest = one.manifest
    return {
        "backup": one.path,
        "made_at": manifest.made_at,
        "senoscope": manifest.senoscope,
        "schema_version": manifest.schema_version,
        "ledger": manifest.ledger,
        "scope": manifest.scope,
        "files": len(manifest.files),
        "bytes": manifest.size,
        "missing": manifest.missing,
    }


def _told(one: Backup) -> str:
    return f"{one.path}: {len(one.manifest.files)} files, {one.manifest.size / MB:.1f} MB"


def _tell(back: Back) -> None:
    console.print(f"{back.data} is as it was in {_told(back.backup)}", soft_wrap=True)
    if back.aside is not None:
        console.print(f"what was there is in {back.aside}", soft_wrap=True)
    if back.absent:
        console.print(f"{back.absent} files of images and results are not in the backup")
    for name in back.restored.kept:
        console.print(f"another one is there, and stays: {name}", soft_wrap=True)
    for name in back.restored.outside:
        console.print(f"put it back yourself: {back.backup.path / name}", soft_wrap=True)
