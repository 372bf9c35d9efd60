"""Methods of enlarging compared on sets of images."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engines.evaluation.areas import box, grown
from engines.evaluation.scores import Area, Score, inner, scored
from engines.images import Grey, binned, fitting, read_luma

Method = Callable[[Grey], Grey]
"""From an image to one of a whole number of times its sides."""

SCALE = 2

BICUBIC = "bicubic"

MARGIN = 8
"""Pixels around an area, at least, of which its SSIM knows: half its window is 5."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images that are judged together, and the part of each that counts.

    `patients` says of whom each is; where nobody is, each image stands for itself.
    """

    name: str
    files: tuple[Path, ...]
    area: Callable[[Grey], Area]
    patients: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """What is drawn together when the set is drawn anew: patients, else images."""
        return self.patients or tuple(path.stem for path in self.files)


@dataclass(frozen=True, slots=True)
class Row:
    """How one method does on one set: the means over its images."""

    set: str
    images: int
    method: str
    psnr: float
    ssim: float


def bicubic(low: Grey, scale: int = SCALE) -> Grey:
    """Return `low` enlarged by Keys' cubic with a = -1/2, pixel centres kept in place."""
    rows, columns = low.shape
    size = (scale * columns, scale * rows)
    return np.asarray(Image.fromarray(low).resize(size, Image.Resampling.BICUBIC))


def judged(
    images: ImageSet, scale: int, methods: Mapping[str, Method], halo: int = 0
) -> Iterator[dict[str, Score]]:
    """Yield of each image the score of each method.

    An image is binned by `scale` and enlarged by each method again; that is done, and looked at,
    where its area is and `halo` pixels of low resolution around it, beyond which a method must not
    see.
    """
    for path in images.files:
        wanted = fitting(read_luma(path), scale)
        low, area = binned(wanted, scale), inner(images.area(wanted))
        margin = -(-MARGIN // scale) + halo
        part = grown(box(area), margin * scale, area.shape, scale)
        seen = tuple(slice(side.start // scale, side.stop // scale) for side in part)
        yield {
            name: scored(method(low[seen]), wanted[part], area[part])
            for name, method in methods.items()
        }


def compare(
    images: ImageSet,
    methods: Mapping[str, Method],
    watch: Callable[[], None],
    scale: int = SCALE,
    halo: int = 0,
) -> Iterator[Row]:
    """Yield a row for each method; `watch` is called after each image."""
    scores: dict[str, list[Score]] = {name: [] for name in methods}
    for found in judged(images, scale, methods, halo):
        for name, one in found.items():
            scores[name].append(one)
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
