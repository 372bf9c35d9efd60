"""A picture becomes a file."""

from pathlib import Path

from matplotlib.figure import Figure

DPI = 120


def save(figure: Figure, path: Path) -> None:
    """Write a picture that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.stem}.new.png")
    figure.savefig(new, dpi=DPI)
    new.replace(path)
