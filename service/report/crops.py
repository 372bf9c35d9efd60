"""The same part of an image and of what it was enlarged to, at the same physical scale."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.cad.finding import Points
from service.report.gallery import Gallery
from service.report.pictures import MOST_PICTURE, Box, Tones, part, repeats_of, shrunk
from service.report.sheet import Gap, Line, Picture

MILLIMETRES = 10
"""The length of the bar on a picture."""
SAMPLE_SIDE = 112
"""Pixels of the source in a crop of an image without lesions."""


@dataclass(frozen=True, slots=True, eq=False)
class Enlarged:
    """An enlarged image as it is shown, and the outlines that presentation states draw on it."""

    tones: Tones
    scale: int
    outlines: Mapping[str, Points]

    def corners_of(self, uid: str, otherwise: Points) -> Points:
        """Return what is drawn of that lesion, in pixels of the source; else `otherwise`."""
        drawn = self.outlines.get(uid)
        return otherwise if drawn is None else drawn / self.scale


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """An image as it is shown; `enlarged` is the reason where there is no enlarged one.

    `place` is what its pictures are called by; `bar` is 10 mm in pixels, 0 where not known.
    """

    place: str
    tones: Tones | None
    enlarged: Enlarged | str
    bar: float


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What of a scene is shown, under what name and in what words, and what is drawn on both."""

    name: str
    said: str
    box: Box
    on_source: Sequence[Line] = ()
    on_enlarged: Sequence[Line] = ()


def pair(scene: Scene, wanted: Part, gallery: Gallery) -> Iterator[Picture | Gap]:
    """Yield that part of the source and of the enlarged image, written into `gallery`."""
    large, box, name = scene.enlarged, wanted.box, f"{scene.place}-{wanted.name}"
    if scene.tones is None:
        return
    scale = large.scale if isinstance(large, Enlarged) else 1
    repeats = repeats_of(box, scale)
    shown = shrunk(part(scene.tones, box, repeats * scale), MOST_PICTURE)
    file, alt = gallery.keep(f"{name}-source", shown), f"Part of the source: {wanted.said}"
    yield Picture("Source", alt, file, box, wanted.on_source, scene.bar)
    if not isinstance(large, Enlarged):
        yield Gap("Super-resolved", large)
        return
    shown = shrunk(part(large.tones, box.enlarged(scale), repeats), MOST_PICTURE)
    file, alt = gallery.keep(f"{name}-enlarged", shown), f"The same, enlarged: {wanted.said}"
    yield Picture(f"Super-resolved x{scale}", alt, file, box, wanted.on_enlarged, scene.bar)


def sample(tones: Tones) -> Part:
    """Return a part about the middle of what is bright, for an image without lesions."""
    moments = cv2.moments(tones)
    rows, columns = tones.shape
    weight = moments["m00"]
    x, y = (moments["m10"] / weight, moments["m01"] / weight) if weight else (columns / 2, rows / 2)
    corner = np.array((x, y), np.float64)
    reach = SAMPLE_SIDE / 2
    box = Box.about(corner - reach, corner + reach, tones.shape)
    return Part("sample", "the middle of what is bright", box)
