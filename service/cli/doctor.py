"""`senoscope doctor`: what somebody who helps needs to know, and nothing of any patient."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from service.checkup import Checkup
from service.cli.options import Config, Json, console, examples, print_json
from service.clock import now
from service.diagnosis import Diagnosis
from service.doctor.bundle import examined, write_bundle
from service.doctor.masking import Mask
from service.parts import Parts
from service.settings import load_settings


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope doctor",
            "senoscope doctor --log /var/log/senoscope.log --mask-names --out report.zip",
            "senoscope doctor --json",
        )
    )(doctor)


def doctor(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The zip; default: one named for the time.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="The file that the node logs to, if it does.")
    ] = None,
    lines: Annotated[int, typer.Option(help="The last so many events of it.", min=1)] = 1000,
    mask_names: Annotated[
        bool, typer.Option("--mask-names", help="Mask AE titles and hosts, too.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Gather what is known of the node in a zip for whoever helps: no patient, UID or secret."""
    parts = Parts(load_settings(config))
    diagnosis = Diagnosis(parts, lambda: Checkup(parts).checks(), log, lines)
    names = frozenset(name for name in diagnosis.names() if name) if mask_names else frozenset()
    mask = Mask(secrets.token_bytes(32), names)
    found = examined(diagnosis.sections(mask), mask)
    if as_json:
        print_json(found)
        return
    path = out or Path(f"senoscope-doctor-{now():%Y%m%dT%H%M%SZ}.zip")
    write_bundle(found, path)
    console.print(f"{path}: {', '.join(found)}; read it before you send it", soft_wrap=True)
