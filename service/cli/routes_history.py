"""`senoscope routes history`: the routes that were in force, and how one brings them back."""

import difflib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_json, print_table, tell
from service.cli.people import deeds, this_person
from service.console.routes_desk import digest_of
from service.errors import BadConfigurationError
from service.ledger.records import RoutesVersion
from service.parts import Parts
from service.router.routes_file import read_text
from service.router.writing import write_routes
from service.settings import load_settings

Version = Annotated[int, typer.Argument(help="As `routes history` tells it.", metavar="VERSION")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("history", epilog=examples("senoscope routes history --json"))(history)
    app.command("show", epilog=examples("senoscope routes show 3"))(show)
    app.command("diff", epilog=examples("senoscope routes diff 3", "senoscope routes diff 3 5"))(
        diff
    )
    app.command("restore", epilog=examples("senoscope routes restore 3"))(restore)
    app.command("apply", epilog=examples("senoscope routes apply draft.toml"))(apply)


def history(config: Config = None, as_json: Json = False) -> None:
    """List the texts of routes.toml that came into force, newest first."""
    parts = Parts(load_settings(config))
    now = digest_of(_on_disk(parts.settings.routes_file))
    kept = parts.ledger.routes_versions()
    if as_json:
        print_json([_row(one, now) for one in kept])
        return
    print_table(
        f"{len(kept)} versions of the routes",
        ["version", "in force since", "sha256", "lines", "on the disk now"],
        [
            [
                one.number,
                f"{one.in_force_at:%Y-%m-%d %H:%M:%S}",
                one.digest[:12],
                one.text.count("\n"),
                "yes" if one.digest == now else "",
            ]
            for one in kept
        ],
    )


def show(version: Version, config: Config = None, as_json: Json = False) -> None:
    """Print the text of a version."""
    found = Parts(load_settings(config)).ledger.routes_version(version)
    if as_json:
        print_json(asdict(found))
    else:
        typer.echo(found.text, nl=False)


def diff(
    older: Version,
    newer: Annotated[
        int | None, typer.Argument(help="Default: the file as it is.", metavar="VERSION")
    ] = None,
    config: Config = None,
) -> None:
    """Print what changed from one version to another, as `diff -u` does."""
    parts = Parts(load_settings(config))
    path = parts.settings.routes_file
    before = parts.ledger.routes_version(older).text
    after = _on_disk(path) if newer is None else parts.ledger.routes_version(newer).text
    names = f"version {older}", str(path) if newer is None else f"version {newer}"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
    typer.echo("\n".join(lines) or "no difference")


def restore(version: Version, config: Config = None, as_json: Json = False) -> None:
    """Write a version to routes.toml, if it is right by what the node has today."""
    parts = Parts(load_settings(config))
    path = parts.settings.routes_file
    text = parts.ledger.routes_version(version).text
    with deeds(config).noted(this_person(), "routes.restore", f"version {version}"):
        write_routes(path, text, parts.pipelines, parts.own_door)
    told = f"{path} is version {version} again: a node that runs takes it up at once"
    tell(told, as_json=as_json, sha256=digest_of(text))


def apply(
    draft: Annotated[Path, typer.Argument(help="A file of routes.", exists=True)],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write a draft to routes.toml, wholly if it is right, or not at all."""
    parts = Parts(load_settings(config))
    path, text = parts.settings.routes_file, read_text(draft)
    with deeds(config).noted(this_person(), "routes.apply", f"sha256 {digest_of(text)[:12]}"):
        write_routes(path, text, parts.pipelines, parts.own_door)
    told = f"{path} is {draft} now: a node that runs takes it up at once"
    tell(told, as_json=as_json, sha256=digest_of(text))


def _row(version: RoutesVersion, now: str) -> dict[str, object]:
    return {
        "version": version.number,
        "in_force_at": version.in_force_at,
        "sha256": version.digest,
        "on_disk": version.digest == now,
    }


def _on_disk(path: Path) -> str:
    """Return the text of the file, nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfigurationError(f"{path} cannot be read: {error}") from None
