"""A picture as it is shown: its values, and the tone of each value."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipelines.display import Voi, tones, voi
from pipelines.errors import CannotProcessError
from pipelines.mammogram.attributes import integer, text
from pipelines.mammogram.decode import GREYSCALE
from pipelines.mammogram.read import Pixels, read
from service.errors import BadObjectError, UnavailableError
from service.ledger.reading import read_file

Tones = NDArray[np.uint8]
"""(values,), 0 black and 255 white."""
WHITE = 255


@dataclass(frozen=True, slots=True)
class Stored:
    """The pixels that a file holds, the highest value they may have, and how they are shown."""

    pixels: Pixels
    voi: Voi
    top: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Its pixels, how each of their values is shown, and the window that amounts to."""

    pixels: Pixels
    tones: Tones
    center: float
    width: float


def from_dicom(path: Path) -> Stored:
    """Return the picture in the DICOM file at `path`.

    Raises:
        BadObjectError: it cannot be read.
        UnavailableError: it is not there, or the disk fails.
    """
    try:
        image = read_file(path)
        _check(image)
        grey = read(image)
        return Stored(grey.pixels, voi(image, grey), grey.top)
    except CannotProcessError as error:
        raise BadObjectError(f"a picture cannot be read: {error}") from error
    except BadObjectError as error:  # which names the file, and that may name the patient
        raise BadObjectError("a picture cannot be read: it is no DICOM file") from error
    except UnavailableError as error:
        raise UnavailableError("a picture is not there any more, or its disk fails") from error


def _check(image: Dataset) -> None:
    """Raise CannotProcessError where an image is of a kind that is not shown here."""
    if (integer(image, "NumberOfFrames") or 1) > 1:
        raise CannotProcessError("it has several frames, which are not shown here")
    if text(image, "PhotometricInterpretation") not in GREYSCALE:
        raise CannotProcessError("it is in colour, which is not shown here")


def as_shown(stored: Stored) -> Picture:
    """Return `stored` with the tone of each of its values, by the first choice of its file."""
    tone_of = tones(stored.voi, stored.top)
    if stored.voi.windows and not stored.voi.tables:
        window = stored.voi.windows[0]
        return Picture(stored.pixels, tone_of, window.center, window.width)
    return Picture(stored.pixels, tone_of, *_window_of(tone_of))


def _window_of(tone_of: Tones) -> tuple[float, float]:
    """Return the centre and width of the values between black and white, of a table of tones."""
    rising = np.flatnonzero((tone_of > 0) & (tone_of < WHITE))
    first, last = (int(rising[0]), int(rising[-1])) if rising.size else (0, len(tone_of) - 1)
    return (first + last + 1) / 2, last - first + 1
