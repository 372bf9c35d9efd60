"""PIQE before and after enlargement, by the network and by bicubic interpolation (Honjo 2022).

    python bench/piqe.py [--data ../shared/data] [--films 24] [--out bench/results/piqe.md]

The films are the first of mini-MIAS; beside them stand the images among the DICOM files. PIQE is 0
for the best and 100 for the worst (Venkatanath 2015).
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from engines.engine import Engine
from engines.load import open_engine
from engines.shelf import find_card
from engines.tiling import enlarge
from pipelines.display import picture
from pipelines.quality.piqe import piqe
from pipelines.super_resolution import SuperResolution
from service.settings import packaged_models

TOP = 255
Tones = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Row:
    """The scores of one image."""

    name: str
    original: float
    network: float
    bicubic: float


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--films", type=int, default=24)
    parser.add_argument("--out", type=Path, default=Path("bench/results/piqe.md"))
    asked = parser.parse_args()
    engine = open_engine(find_card(packaged_models(), "fsrcnn-x2"))
    films = [scored(name, tones, engine) for name, tones in films_of(asked.data, asked.films)]
    objects = [scored(name, tones, engine) for name, tones in objects_of(asked.data)]
    text = "\n".join(report(films, objects, engine.backend)) + "\n"
    print(text)
    asked.out.write_text(text, encoding="utf-8")


def films_of(data: Path, count: int) -> Iterator[tuple[str, Tones]]:
    """Yield the first films of mini-MIAS."""
    for path in sorted((data / "mammo/mias/images").glob("*.png"))[:count]:
        yield path.stem, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)


def objects_of(data: Path) -> Iterator[tuple[str, Tones]]:
    """Yield the DICOM images that the pipeline takes, as they are shown."""
    for path in sorted((data / "dicom").glob("[rs]*/*.dcm")):
        image = dcmread(path)
        if SuperResolution().skips(image) is None:
            yield path.stem, picture(image)


def scored(name: str, tones: Tones, engine: Engine) -> Row:
    """Return the scores of `tones`, as they are and enlarged both ways."""
    rows, columns = tones.shape
    bicubic = cv2.resize(tones, (2 * columns, 2 * rows), interpolation=cv2.INTER_CUBIC)
    large = enlarge(engine, tones, 0, TOP, TOP)
    return Row(name, piqe(tones), piqe(large), piqe(np.asarray(bicubic, np.uint8)))


def report(films: list[Row], objects: list[Row], backend: str) -> Iterator[str]:
    """Yield the lines of the report."""
    yield "# PIQE before and after enlargement"
    yield ""
    yield f"`python bench/piqe.py`, {datetime.now(UTC):%Y-%m-%d}, fsrcnn-x2 on {backend}."  # noqa: TID251
    yield ""
    yield "| image | original | fsrcnn-x2 | bicubic x2 |"
    yield "| --- | --- | --- | --- |"
    if films:
        yield _line(f"mini-MIAS, {len(films)} films, mean +- SD", films)
    for row in objects:
        yield _line(row.name, [row])


def _line(name: str, rows: list[Row]) -> str:
    columns = ([getattr(row, kind) for row in rows] for kind in ("original", "network", "bicubic"))
    return f"| {name} | " + " | ".join(_spread(scores) for scores in columns) + " |"


def _spread(scores: list[float]) -> str:
    mean = sum(scores) / len(scores)
    if len(scores) == 1:
        return f"{mean:.2f}"
    deviation = math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
    return f"{mean:.2f} +- {deviation:.2f}"


if __name__ == "__main__":
    main()
