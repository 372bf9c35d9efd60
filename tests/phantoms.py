"""Test images are made, not stored: pipelines.phantom in the words that tests like."""

from dataclasses import fields
from typing import Any

from pydicom import Dataset

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
    "study",
    "tomosynthesis",
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


def _storage(settings: dict[str, Any]) -> Storage:
    """Take what concerns storage out of `settings`."""
    return Storage(**{name: settings.pop(name) for name in _STORAGE & settings.keys()})
