"""One number that a process tells of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """A series' name and labels, as Prometheus knows them, and its value."""

    name: str
    labels: tuple[tuple[str, str], ...]
    """Sorted by their names."""
    value: float
