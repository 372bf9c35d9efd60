"""`senoscope quarantine`: what was refused, kept for people to look at."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Config, Json, console, examples, print_entries, print_json
from service.errors import UnknownError
from service.opening import open_received

app = typer.Typer(help="Refused objects that are kept for people.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As `list` names it.", metavar="NAME")]


@app.command(
    "list", epilog=examples("senoscope quarantine list", "senoscope quarantine list --json")
)
def list_refused(config: Config = None, as_json: Json = False) -> None:
    """List the refused objects that are kept, newest first, with the reason of each."""
    kept = [
        {"name": path.stem, "file": path, "bytes": path.stat().st_size, "reason": reason}
        for path, reason in open_received(config).quarantine.files()
    ]
    if as_json:
        print_json(kept)
        return
    print_entries(
        f"{len(kept)} in quarantine",
        ["name", "reason:", "bytes", "file"],
        [[one["name"], one["reason"], one["bytes"], one["file"]] for one in kept],
    )


@app.command("remove", epilog=examples("senoscope quarantine remove 1.2.840.99999.1"))
def remove(name: Name, config: Config = None) -> None:
    """Remove a refused object for good."""
    found = {path.stem: path for path, _ in open_received(config).quarantine.files()}
    if name not in found:
        raise UnknownError(f"no {name} in quarantine; `senoscope quarantine list` has the names")
    _unlink(found[name])
    console.print("it is removed")


def _unlink(path: Path) -> None:
    for each in (path, path.with_suffix(".txt")):
        each.unlink(missing_ok=True)
