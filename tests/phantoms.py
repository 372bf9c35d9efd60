"""Test images are made, not stored: pipelines.phantom in the words that tests like."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.uid import JPEGBaseline8Bit

from pipelines.phantom import (
    TRANSFER_SYNTAXES,
    VIEWS,
    Exposure,
    Modality,
    Phantom,
    Picture,
    Storage,
    View,
    phantom,
)
from pipelines.phantom import mammogram as mammogram_as_exposed
from pipelines.phantom import picture as picture_as_taken
from pipelines.phantom import study as study_as_exposed
from pipelines.phantom import tomosynthesis as tomosynthesis_as_exposed

__all__ = [
    "TRANSFER_SYNTAXES",
    "VIEWS",
    "Exposure",
    "Phantom",
    "Storage",
    "exposure",
    "mammogram",
    "phantom",
    "picture",
    "saved",
    "spoilt_phantoms",
    "study",
    "tomosynthesis",
    "written_phantoms",
]

_STORAGE = {field.name for field in fields(Storage)}


def mammogram(view: View = "LCC", **settings: Any) -> Dataset:
    """Return a mammogram; `settings` are those of `Exposure` and `Storage`, by name."""
    return mammogram_as_exposed(view, exposure(**settings))


def study(**settings: Any) -> list[Dataset]:
    """Return the four views of one woman, one after the other in the order of `VIEWS`."""
    return study_as_exposed(exposure(**settings))


def tomosynthesis(view: View = "LCC", frames: int = 4, **settings: Any) -> Dataset:
    """Return a stack of planes; `settings` as for `mammogram`."""
    return tomosynthesis_as_exposed(view, frames, exposure(**settings))


def picture(modality: Modality, **settings: Any) -> Dataset:
    """Return an object of another modality; `settings` are those of `Picture` and `Storage`."""
    return picture_as_taken(modality, Picture(storage=_storage(settings), **settings))


def exposure(**settings: Any) -> Exposure:
    """Return how a mammogram is taken and stored, small enough for tests unless told otherwise."""
    storage = _storage(settings)
    return Exposure(**({"rows": 256, "columns": 208} | settings), storage=storage)


def saved(image: Dataset, folder: Path) -> Path:
    """Write `image` to a file in `folder` that bears its SOP Instance UID; return its path."""
    return _written(image, folder / f"{image.SOPInstanceUID}.dcm")


def written_phantoms(folder: Path) -> list[Path]:
    """Return the paths of one object of every transfer syntax and of a few other kinds."""
    images = [
        mammogram(transfer_syntax=syntax, bits_stored=8 if syntax == JPEGBaseline8Bit else 12)
        for syntax in TRANSFER_SYNTAXES
    ]
    images += [mammogram("RMLO", photometric="MONOCHROME1", intent="FOR PROCESSING")]
    images += [picture("CT"), picture("SC")]
    return [_written(image, folder / f"{number:02}.dcm") for number, image in enumerate(images)]


def spoilt_phantoms(folder: Path) -> list[Path]:
    """Return the paths of objects that a node must refuse or survive."""
    cut = _written(mammogram(instance_number=2), folder / "cut.dcm")
    cut.write_bytes(cut.read_bytes()[:-5000])
    huge = mammogram(instance_number=3)
    huge.Rows = huge.Columns = 65535
    unknown = mammogram(instance_number=4)
    unknown.SOPClassUID = unknown.file_meta.MediaStorageSOPClassUID = "1.2.3.4"
    blank = mammogram(instance_number=5)
    del blank.PixelData
    named = {"huge": huge, "unknown_sop_class": unknown, "no_pixel_data": blank}
    return [cut, *(_written(image, folder / f"{name}.dcm") for name, image in named.items())]


def _storage(settings: dict[str, Any]) -> Storage:
    """Take what concerns storage out of `settings`."""
    return Storage(**{name: settings.pop(name) for name in _STORAGE & settings.keys()})


def _written(image: Dataset, path: Path) -> Path:
    image.save_as(path, enforce_file_format=True)
    return path
