"""What a header says, or nothing where it says nothing legal: any value may be missing or odd."""

import math
import struct
from collections.abc import Iterable

from pydicom import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    EOFError,
    OSError,  # pydicom's word for a nested sequence that is cut off: no disk is read here
    struct.error,
    BytesLengthException,
)
"""What pydicom raises when it meets a value that is none."""

CHINESE = "\x1b$)A"
"""Introduces ISO 2022 IR 58; pydicom reads what follows, and leaves this in the text."""


def values(image: Dataset, keyword: str) -> list[object]:
    """Return the values of an attribute, empty when it is missing, empty or unreadable."""
    value = _held(image, keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list | tuple) else [value]


def text(image: Dataset, keyword: str) -> str:
    """Return the first value as text without padding, empty when there is none."""
    found = values(image, keyword)
    return str(found[0]).replace(CHINESE, "").strip(" \0") if found else ""


def numbers(image: Dataset, keyword: str) -> tuple[float, ...]:
    """Return all values as finite numbers, empty when any of them is none."""
    try:
        found = tuple(float(str(value)) for value in values(image, keyword))
    except UNREADABLE:
        return ()
    return found if all(map(math.isfinite, found)) else ()


def number(image: Dataset, keyword: str) -> float | None:
    """Return the first value as a finite number, None when there is none."""
    return next(iter(numbers(image, keyword)), None)


def integer(image: Dataset, keyword: str) -> int | None:
    """Return the first value as an integer, None when there is none."""
    found = number(image, keyword)
    return int(found) if found is not None and found.is_integer() else None


def items(image: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, empty when it is missing or no sequence."""
    sequence = _held(image, keyword)
    if isinstance(sequence, str | bytes) or not isinstance(sequence, Iterable):
        return []
    return [item for item in sequence if isinstance(item, Dataset)]


def _held(image: Dataset, keyword: str) -> object:
    """Return what pydicom makes of an attribute, None when it is missing or unreadable."""
    try:
        return image.get(keyword)
    except UNREADABLE:
        return None
