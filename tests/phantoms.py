"""Test images are made, not stored: pipelines.phantom in the words that tests like."""

from dataclasses import fields
from typing import Any

from pydicom import Dataset

from pipelines.phantom import (
    TRANSFER_SYNTAXES,
    VIEWS,
    Exposure,
    Phantom,
    Storage,
    View,
    phantom,
)
from pipelines.phantom import mammogram as mammogram_as_exposed
from pipelines.phantom import study as study_as_exposed

__all__ = [
    "TRANSFER_SYNTAXES",
    "VIEWS",
    "Exposure",
    "Phantom",
    "Storage",
    "exposure",
    "mammogram",
    "phantom",
    "study",
]

_STORAGE = {field.name for field in fields(Storage)}


def mammogram(view: View = "LCC", **settings: Any) -> Dataset:
    """Return a mammogram; `settings` are those of `Exposure` and `Storage`, by name."""
    return mammogram_as_exposed(view, exposure(**settings))


def study(**settings: Any) -> list[Dataset]:
    """Return the four views of one woman, one after the other in the order of `VIEWS`."""
    return study_as_exposed(exposure(**settings))


def exposure(**settings: Any) -> Exposure:
    """Return how a mammogram is taken and stored, small enough for tests unless told otherwise."""
    stored = {name: settings.pop(name) for name in _STORAGE & settings.keys()}
    return Exposure(**({"rows": 256, "columns": 208} | settings), storage=Storage(**stored))
