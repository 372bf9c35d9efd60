"""The pictures beside the page."""

import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from service.report.pictures import Tones

FOLDER = "pictures"
OURS = re.compile(r"study-\d+-image-\d+[-a-z0-9]*\.png")


@dataclass(frozen=True, slots=True)
class Gallery:
    """Writes pictures into a folder of `out`; their names tell nothing of whom they show."""

    out: Path

    @property
    def folder(self) -> Path:
        """Where the pictures lie."""
        return self.out / FOLDER

    def clear(self) -> None:
        """Remove the pictures of an earlier page, which may be of other people."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if OURS.fullmatch(path.name):
                path.unlink()

    def keep(self, name: str, tones: Tones) -> str:
        """Write a picture and return where it lies, as a link in the page."""
        path = self.folder / f"{name}.png"
        Image.fromarray(tones).save(path)
        return f"{FOLDER}/{path.name}"
