"""`senoscope studies look`: what the viewer shows of an image, without a browser."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import cv2
import typer

from service.cli.options import Config, Json, console, examples, print_entries, print_json
from service.cli.people import this_person
from service.console.viewer.exhibit import Exhibit
from service.console.viewer.gallery import Gallery
from service.errors import UnavailableError
from service.settings import load_settings

Study = Annotated[str, typer.Argument(help="Study Instance UID.", metavar="STUDY_UID")]
Image = Annotated[
    str, typer.Argument(help="SOP Instance UID, with ~VERSION if not the first.", metavar="IMAGE")
]
Out = Annotated[
    Path | None, typer.Option(help="Folder for source.png and enlarged.png, as they are shown.")
]


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        "look",
        epilog=examples(
            "senoscope studies look 2.25.1234 2.25.5678 --json",
            "senoscope studies look 2.25.1234 2.25.5678 --out pictures/",
        ),
    )(look)


def look(
    study_uid: Study, image: Image, out: Out = None, config: Config = None, as_json: Json = False
) -> None:
    """Tell what was found on an image, where and how probable; the audit trail has who looked."""
    from service.console.app import gallery_of  # noqa: PLC0415 - to load both takes seconds, and
    from service.parts import Parts  # noqa: PLC0415 - `studies list` needs neither

    desk = Parts(load_settings(config)).desk()
    gallery = gallery_of(desk)
    exhibit = gallery.exhibits.of(study_uid, image)
    desk.deeds.note(this_person(), "image.view", image, "done")
    if out is not None:
        _write(gallery, exhibit, out)
    if as_json:
        print_json(asdict(exhibit))
    else:
        _print(exhibit)


def _print(exhibit: Exhibit) -> None:
    rows, columns = exhibit.size
    enlarged = f"enlarged x{exhibit.scale} as {exhibit.enlarged}" if exhibit.enlarged else ""
    console.print(f"{rows} x {columns} pixels, {enlarged or 'not enlarged'}", highlight=False)
    print_entries(
        f"{len(exhibit.outlines)} findings",
        ["finding", "verdict", "probability of malignancy", "left, top, right, bottom"],
        [[one.name, one.verdict, one.percent, one.box] for one in exhibit.outlines],
    )


def _write(gallery: Gallery, exhibit: Exhibit, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, key in (("source", exhibit.key), ("enlarged", exhibit.enlarged)):
        if key:
            picture = gallery.spot(exhibit.study, key).picture()
            path = out / f"{name}.png"
            if not cv2.imwrite(str(path), picture.tones[picture.pixels]):
                raise UnavailableError(f"{path} cannot be written")
