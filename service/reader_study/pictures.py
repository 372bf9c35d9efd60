"""The two pictures of a case as they are shown: their values, and the tone of each value."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.display import LINEAR, Voi, Window, tones, voi
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import Grey, Pixels, read
from service.errors import BadObjectError, UnavailableError
from service.ledger.reading import read_file
from service.reader_study.pairing import PNG

Tones = NDArray[np.uint8]
"""(values,), 0 black and 255 white."""
BITS_OF_BYTE = 8
WHITE = 255
MOST_STRETCH = 0.02
"""By how much the shapes of the two pictures of a case may differ."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Its pixels, how each of their values is shown, and the window that amounts to."""

    pixels: Pixels
    tones: Tones
    center: float
    width: float


def open_pair(paths: Sequence[Path]) -> tuple[Picture, Picture]:
    """Return the original and the super-resolved picture.

    Raises:
        BadObjectError: one cannot be read, or they are not of the same field.
        UnavailableError: one is not there, or the disk fails.
    """
    with ThreadPoolExecutor(len(paths)) as pool:
        original, large = pool.map(_opened, paths)
    _check_shapes(original.pixels, large.pixels)
    return _as_shown(original), _as_shown(large)


@dataclass(frozen=True, slots=True)
class _Opened:
    pixels: Pixels
    voi: Voi
    top: int


def _opened(path: Path) -> _Opened:
    return _from_png(path) if path.suffix.lower() == PNG else _from_dicom(path)


def _from_dicom(path: Path) -> _Opened:
    try:
        image = read_file(path)
        grey = read(image)
        return _Opened(grey.pixels, voi(image, grey), grey.top)
    except CannotProcessError as error:
        raise BadObjectError(f"a picture cannot be read: {error}") from error
    except BadObjectError as error:  # which names the file, and that may name the patient
        raise BadObjectError("a picture cannot be read: it is no DICOM file") from error
    except UnavailableError as error:
        raise UnavailableError("a picture is not there any more, or its disk fails") from error


def read_png(path: Path) -> Grey:
    """Return a grey PNG of 8 or 16 bits; of the 16 as many count as its highest value needs.

    Raises:
        BadObjectError: it is none.
    """
    samples: NDArray[Any] | None = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise BadObjectError("a picture cannot be read: it is no PNG")
    if samples.ndim > len(("rows", "columns")):
        colours = samples[..., :3]
        if (colours != colours[..., :1]).any():
            raise BadObjectError("a picture cannot be read: it is in colour")
        samples = colours[..., 0]
    bits = BITS_OF_BYTE if samples.dtype == np.uint8 else _bits_of(int(samples.max()))
    return Grey(samples.astype(np.uint16), bits, 1, 0, None)


def _bits_of(highest: int) -> int:
    """Return how many bits were stored where the highest value is this one: an even number."""
    return max(BITS_OF_BYTE, highest.bit_length() + highest.bit_length() % 2)


def _from_png(path: Path) -> _Opened:
    grey = read_png(path)
    whole = Voi(LINEAR, (Window((grey.top + 1) / 2, grey.top + 1),), ())
    return _Opened(grey.pixels, whole, grey.top)


def _as_shown(opened: _Opened) -> Picture:
    tone_of = tones(opened.voi, opened.top)
    if opened.voi.windows and not opened.voi.tables:
        window = opened.voi.windows[0]
        return Picture(opened.pixels, tone_of, window.center, window.width)
    return Picture(opened.pixels, tone_of, *_window_of(tone_of))


def _window_of(tone_of: Tones) -> tuple[float, float]:
    """Return the centre and width of the values between black and white, of a table of tones."""
    rising = np.flatnonzero((tone_of > 0) & (tone_of < WHITE))
    first, last = (int(rising[0]), int(rising[-1])) if rising.size else (0, len(tone_of) - 1)
    return (first + last + 1) / 2, last - first + 1


def _check_shapes(original: Pixels, large: Pixels) -> None:
    rows, columns = (new / old for new, old in zip(large.shape, original.shape, strict=True))
    if min(rows, columns) < 1 or abs(rows / columns - 1) > MOST_STRETCH:
        raise BadObjectError(
            f"the super-resolved picture is {large.shape[1]} x {large.shape[0]} and the original "
            f"{original.shape[1]} x {original.shape[0]}: they do not show the same field"
        )
