"""`senoscope send`: C-STORE files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from service.cli.options import Json, console, examples, print_json
from service.delivery.files import find_files, parse_address, send_files
from service.errors import UnavailableError


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope send study/ --to SENOSCOPE@127.0.0.1:11112",
            "senoscope send a.dcm --to PACS@10.0.0.5:104 --from MAMMO1",
        )
    )(send)


def send(
    paths: Annotated[
        list[Path], typer.Argument(help="DICOM files, or folders of them.", exists=True)
    ],
    to: Annotated[str, typer.Option("--to", help="AET@HOST:PORT")],
    calling: Annotated[str, typer.Option("--from", help="Our AE title.")] = "SENOSCOPE",
    as_json: Json = False,
) -> None:
    """Send DICOM files by C-STORE; say for each what the other side answered."""
    address = parse_address(to)
    files = find_files(paths)
    sent = []
    for one in track(
        send_files(files, address, calling), total=len(files), console=console, disable=as_json
    ):
        sent.append(one)
        if not as_json:
            console.print(
                f"{'ok  ' if one.ok else 'FAIL'} {one.path}  {one.detail}", soft_wrap=True
            )
    if as_json:
        print_json([asdict(one) for one in sent])
    failed = sum(not one.ok for one in sent)
    if failed:
        raise UnavailableError(f"{failed} of {len(sent)} files were not taken by {to}")
