"""What lesions are called where people look at them."""

import re
from collections.abc import Sequence

from service.findings.said import Mark

NUMBERED = re.compile(r"Lesion ([1-9]\d{0,3})")
VERDICTS = {True: "suspicious", False: "not suspicious", None: "not stated"}


def labels_of(found: Sequence[Mark]) -> dict[str, Mark]:
    """Return the lesions of a study by the numbers that they are called by, else counted anew."""
    called = [NUMBERED.fullmatch(mark.identifier) for mark in found]
    numbers = [match.group(1) for match in called if match]
    if len(set(numbers)) < len(found):
        numbers = [str(number) for number, _ in enumerate(found, 1)]
    return dict(zip(numbers, found, strict=True))


def percent(value: float | None) -> str:
    """Return a percentage for people."""
    return "not stated" if value is None else f"{value:.1f} %"
