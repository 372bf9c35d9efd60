"""How an image is shown: its VOI transformation, here on the values of `Grey`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipelines.mammogram.attributes import integer, items, numbers, text, values
from pipelines.mammogram.lookup import Lookup, lookup
from pipelines.mammogram.read import Grey, Pixels, is_little_endian, read

LINEAR, LINEAR_EXACT, SIGMOID = "LINEAR", "LINEAR_EXACT", "SIGMOID"
FOR_PRESENTATION = "FOR PRESENTATION"


@dataclass(frozen=True, slots=True)
class Window:
    """One choice of Window Center and Window Width (PS3.3 C.11.2.1.2)."""

    center: float
    width: float
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Voi:
    """The choices a reader has, in the order of preference; at least one of the two is there."""

    function: str
    windows: tuple[Window, ...]
    tables: tuple[tuple[Lookup, str], ...]


def voi(image: Dataset, grey: Grey) -> Voi:
    """Return the VOI transformations of `image`, translated to the values of `grey`.

    An image that has none is shown over all values that can be stored if it is for presentation,
    else over the range that it holds.
    """
    function = text(image, "VOILUTFunction")
    function = function if function in {LINEAR, LINEAR_EXACT, SIGMOID} else LINEAR
    windows = tuple(_translated(window, function, grey) for window in _windows(image, function))
    tables = _tables(image, grey)
    if not windows and not tables:
        return Voi(LINEAR, (_whole(image, grey),), ())
    return Voi(function, windows, tables)


def tones(shown: Voi, top: int) -> NDArray[np.uint8]:
    """Return the tone 0..255 that each of the values 0..`top` is shown as, by the first choice."""
    inputs = np.arange(top + 1, dtype=np.float64)
    if shown.tables:
        table, _ = shown.tables[0]
        shares = table(inputs) / ((1 << table.bits) - 1)
    else:
        shares = _shares(inputs, shown.windows[0], shown.function)
    return np.rint(255 * shares).astype(np.uint8)


def displayed(pixels: Pixels, tone_of: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return `pixels` as they are shown, 0 black and 255 white; `tone_of` is what `tones` made."""
    return tone_of[pixels]


def picture(image: Dataset) -> NDArray[np.uint8]:
    """Return the whole of `image` as it is shown, 0 black and 255 white.

    Raises:
        CannotProcessError: the pixel data is missing, too large or broken.
    """
    grey = read(image)
    return displayed(grey.pixels, tones(voi(image, grey), grey.top))


def _windows(image: Dataset, function: str) -> list[Window]:
    centers, widths = numbers(image, "WindowCenter"), numbers(image, "WindowWidth")
    explanations = [str(value) for value in values(image, "WindowCenterWidthExplanation")]
    explanations += [""] * len(centers)
    narrowest = 1 if function == LINEAR else 0
    return [
        Window(center, width, explanation)
        for center, width, explanation in zip(centers, widths, explanations, strict=False)
        if width >= narrowest and width > 0
    ]


def _translated(window: Window, function: str, grey: Grey) -> Window:
    """LINEAR puts its edges half a value off (PS3.3 C.11.2.1.2.1), the others do not."""
    half, one = (0.5, 1) if function == LINEAR else (0, 0)
    center = grey.gain * (window.center - half) + grey.bias + half
    width = abs(grey.gain) * (window.width - one) + one
    return Window(center, width, window.explanation)


def _whole(image: Dataset, grey: Grey) -> Window:
    is_final = text(image, "PresentationIntentType") == FOR_PRESENTATION
    low, high = (0, grey.top) if is_final else grey.span
    return Window((low + high + 1) / 2, high - low + 1)


def _tables(image: Dataset, grey: Grey) -> tuple[tuple[Lookup, str], ...]:
    signed = integer(image, "PixelRepresentation") == 1
    found = [
        (lookup(item, signed=signed, little_endian=is_little_endian(image)), item)
        for item in items(image, "VOILUTSequence")
    ]
    return tuple(
        (_tabulated(table, grey), text(item, "LUTExplanation"))
        for table, item in found
        if table is not None
    )


def _tabulated(table: Lookup, grey: Grey) -> Lookup:
    """Return one entry for every value of `grey`, brighter for more."""
    entries = table((np.arange(grey.top + 1) - grey.bias) / grey.gain)
    highest = (1 << table.bits) - 1
    return Lookup(0, table.bits, entries if grey.gain > 0 else (highest - entries).astype("u2"))


def _shares(inputs: NDArray[np.float64], window: Window, function: str) -> NDArray[np.float64]:
    center, width = window.center, window.width
    if function == SIGMOID:
        return 1 / (1 + np.exp(np.clip(-4 * (inputs - center) / width, -700, 700)))
    if function == LINEAR:
        center, width = center - 0.5, width - 1
    return np.clip((inputs - center) / max(width, 1e-6) + 0.5, 0, 1)
