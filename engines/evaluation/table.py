"""Methods of enlarging compared on sets of images."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engines.evaluation.scores import Area, Score, score
from engines.images import Grey, binned, even, read_luma

Method = Callable[[Grey], Grey]
"""From an image to one of twice its sides."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images that are judged together, and the part of each that counts."""

    name: str
    files: tuple[Path, ...]
    area: Callable[[Grey], Area]


@dataclass(frozen=True, slots=True)
class Row:
    """How one method does on one set: the means over its images."""

    set: str
    images: int
    method: str
    psnr: float
    ssim: float


def bicubic(low: Grey) -> Grey:
    """Return `low` enlarged by Keys' cubic with a = -1/2, pixel centres kept in place."""
    rows, columns = low.shape
    doubled = Image.fromarray(low).resize((2 * columns, 2 * rows), Image.Resampling.BICUBIC)
    return np.asarray(doubled)


def compare(
    images: ImageSet, methods: Mapping[str, Method], watch: Callable[[], None]
) -> Iterator[Row]:
    """Yield a row for each method; `watch` is called after each image."""
    scores: dict[str, list[Score]] = {name: [] for name in methods}
    for path in images.files:
        wanted = even(read_luma(path))
        low, area = binned(wanted), images.area(wanted)
        for name, method in methods.items():
            scores[name].append(score(method(low), wanted, area))
        watch()
    for name, of_method in scores.items():
        yield _row(images, name, of_method)


def _row(images: ImageSet, method: str, scores: Sequence[Score]) -> Row:
    psnr = float(np.mean([one.psnr for one in scores]))
    ssim = float(np.mean([one.ssim for one in scores]))
    return Row(images.name, len(scores), method, psnr, ssim)


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| set | images | method | PSNR, dB | SSIM |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {row.set} | {row.images} | {row.method} | {row.psnr:.2f} | {row.ssim:.4f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
