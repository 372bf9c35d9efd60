"""What a breast is made of: fat, glandular tissue, strands, ducts and muscle, as brightness.

Everything is brightness between 0 (air) and 1, as an image For Presentation shows it.
"""

import cv2
import numpy as np
from scipy import fft

from pipelines.phantom.anatomy import Anatomy
from pipelines.phantom.raster import Bytes, Canvas, Floats, blurred, draw_line, point

_FAT = 0.36
_MUSCLE = 0.66
_GLAND = 0.3  # above the fat that it lies in
_SKIN_THICKNESS = 1.4
_FINEST_DUCT = 0.25
_ROUNDED_EDGE = 22.0  # where the compressed breast no longer touches both paddles


def tissue(anatomy: Anatomy, rng: np.random.Generator, density: float) -> Floats:
    """Return the brightness of the breast on its canvas, 0 outside it.

    `density` is the share of glandular tissue, from 0 (fatty) to 1 (extremely dense).
    """
    canvas = anatomy.canvas
    gland = _glandular_tissue(anatomy, rng, density)
    cloud = power_law_noise(canvas, rng, 3.2)
    fibres = fibrous_noise(anatomy, rng, 2.8)
    brightness = _FAT + 0.02 * cloud + gland * (_GLAND + 0.03 * cloud + 0.05 * fibres)
    brightness += _strands(anatomy, rng) * (0.05 + 0.06 * gland)
    muscle = blurred(anatomy.pectoral, 0.8 * canvas.per_mm)
    brightness += muscle * (_MUSCLE + 0.015 * cloud - brightness)
    return _at_the_edge(brightness, anatomy.depth)


def power_law_noise(canvas: Canvas, rng: np.random.Generator, beta: float) -> Floats:
    """Return noise of mean 0 and deviation 1 whose power falls as frequency to the minus `beta`.

    Mammograms have a beta of about 3 (Burgess 1999, Med Phys 28:419). Structures are kept below
    6 cm.
    """
    white = rng.standard_normal((canvas.rows, canvas.columns), np.float32)
    spectrum = fft.rfft2(white, overwrite_x=True)
    vertical = fft.fftfreq(canvas.rows).astype(np.float32)[:, None]
    horizontal = fft.rfftfreq(canvas.columns).astype(np.float32)[None, :]
    coarsest = 1 / (60 * canvas.per_mm)
    spectrum *= (vertical**2 + horizontal**2 + coarsest**2) ** np.float32(-beta / 4)
    spectrum[0, 0] = 0
    noise = fft.irfft2(spectrum, s=white.shape, overwrite_x=True)
    return np.asarray(noise / noise.std(), np.float32)


def fibrous_noise(anatomy: Anatomy, rng: np.random.Generator, beta: float) -> Floats:
    """Return power-law noise that is drawn out towards the nipple, as fibres and ducts are."""
    canvas = anatomy.canvas
    x, y = canvas.offsets_from(anatomy.nipple + point(15, 0))
    along = np.hypot(x, y) * np.float32(canvas.per_mm / 3.5)
    across = (np.arctan2(y, -x) / np.pi + 1) * np.float32(0.8 * canvas.rows)
    noise = power_law_noise(canvas, rng, beta)
    drawn_out = cv2.remap(noise, along, across, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(drawn_out, np.float32)


def draw_ducts(anatomy: Anatomy, rng: np.random.Generator, lines: Bytes) -> None:
    """Draw the milk ducts into `lines` (uint8), fanning out from the nipple and branching."""
    per_mm = lines.shape[0] * anatomy.canvas.per_mm / anatomy.canvas.rows
    for angle in np.linspace(-0.7, 0.7, 9) + rng.normal(0, 0.06, 9):
        _draw_duct(lines, rng, anatomy.nipple, np.pi + angle, (0.6, per_mm))


def _draw_duct(
    lines: Bytes,
    rng: np.random.Generator,
    start: Floats,
    angle: float,
    calibre: tuple[float, float],
) -> None:
    width, per_mm = calibre
    turns = angle + np.cumsum(rng.normal(0, 0.12, 14))
    steps = rng.uniform(2.5, 5, 14)[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    path = np.vstack([start, start + np.cumsum(steps, axis=0)]).astype(np.float32)
    draw_line(lines, path * per_mm, width * per_mm, int(90 + 165 * width))
    if width < _FINEST_DUCT:
        return
    for branch in rng.integers(4, 14, 2):
        fork = float(turns[branch] + rng.choice([-0.5, 0.5]))
        _draw_duct(lines, rng, path[branch + 1], fork, (0.6 * width, per_mm))


def _glandular_tissue(anatomy: Anatomy, rng: np.random.Generator, density: float) -> Floats:
    """Return how glandular each cell is, 0 to 1: a fan behind the nipple with fat between."""
    reach = float(anatomy.nipple[0])
    centre = point(0.56 * reach, anatomy.nipple[1] + rng.normal(-5, 4))
    fan = 1 - np.hypot(*anatomy.canvas.offsets_from(centre)) / np.float32(0.52 * reach)
    lobes = power_law_noise(anatomy.canvas, rng, 3.8)
    lobules = fibrous_noise(anatomy, rng, 3.0)
    under_the_skin = np.minimum((anatomy.depth - 14) / 10, 0)
    leaning = 1.2 * fan + 0.35 * lobes + 0.3 * lobules + under_the_skin + 1.5 * (density - 0.7)
    return np.asarray(0.5 + 0.5 * np.tanh(1.75 * leaning), np.float32)


def _strands(anatomy: Anatomy, rng: np.random.Generator) -> Floats:
    """Return thin bright curves, as Cooper's ligaments and vessels are: where noise crosses 0."""
    noises = (
        (fibrous_noise(anatomy, rng, 3.4), 0.045),
        (fibrous_noise(anatomy, rng, 2.8), 0.05),
        (power_law_noise(anatomy.canvas, rng, 3.4), 0.025),
    )
    strands = anatomy.canvas.blank()
    for noise, width in noises:
        strands += np.exp(-((noise / np.float32(width)) ** 2))
    return blurred(strands, 0.6)


def _at_the_edge(brightness: Floats, depth: Floats) -> Floats:
    inward = np.clip(depth / _ROUNDED_EDGE, 0, 1)
    thickness = np.sqrt(1 - (1 - inward) ** 2)
    skin = np.exp(-(((depth - 0.5 * _SKIN_THICKNESS) / (0.5 * _SKIN_THICKNESS)) ** 2))
    return np.asarray((brightness * thickness + 0.05 * skin) * (depth > 0), np.float32)
