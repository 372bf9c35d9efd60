"""The last events of a log, masked."""

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from service.doctor.masking import Mask
from service.errors import BadConfigurationError

LONGEST = 4000
"""Characters of an event; a stack trace may be long."""


def last_events(path: Path, number: int, mask: Mask) -> list[object]:
    """Return the last events of that file: JSON as the node logs it, or lines.

    Raises:
        BadConfigurationError: if it cannot be read.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = deque(file, maxlen=number)
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None
    return [mask.tree(_event(line.rstrip("\n"))) for line in lines]


def _event(line: str) -> object:
    try:
        event = json.loads(line)
    except ValueError:
        return line[:LONGEST]
    if not isinstance(event, Mapping):
        return line[:LONGEST]
    return {key: str(value)[:LONGEST] for key, value in event.items()}
