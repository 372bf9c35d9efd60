"""From the stored values of an image to what is shown, as a presentation state says it (PS3.4 N.2).

A presentation state takes the place of all that its image says of this, the meaning of MONOCHROME1
included: so what the image says is said again, as far as it is legal.
"""

from dataclasses import replace

from pydicom import Dataset

from pipelines.display import LINEAR, LINEAR_EXACT, SIGMOID, Window
from pipelines.mammogram.attributes import integer, items, number, numbers, text
from pipelines.mammogram.lookup import Lookup, lookup
from pipelines.mammogram.read import Grey, is_little_endian
from pipelines.results.derived_image import lut_item, voi_lut_item, whole_bits
from pipelines.results.legal import decimal_string, legal

UNSPECIFIED = "US"


def say_grey_scale(result: Dataset, image: Dataset, otherwise: Window | None) -> None:
    """State how `image` is shown, by its first choice; by `otherwise` where it says nothing."""
    _say_modality(result, image)
    shown = _voi(image, otherwise)
    if shown is not None:
        result.SoftcopyVOILUTSequence = [shown]
    is_inverse = text(image, "PhotometricInterpretation") == "MONOCHROME1"
    result.PresentationLUTShape = "INVERSE" if is_inverse else "IDENTITY"


def before_reading(window: Window, grey: Grey) -> Window:
    """Return a linear window on `grey` as one on the values of the image that it was read from."""
    center = (window.center - 0.5 - grey.bias) / grey.gain + 0.5
    return Window(center, (window.width - 1) / abs(grey.gain) + 1, window.explanation)


def _say_modality(result: Dataset, image: Dataset) -> None:
    for item in items(image, "ModalityLUTSequence")[:1]:
        table = _table(item, image)
        if table is not None:
            table = replace(table, bits=whole_bits(table))  # what comes out stays (C.11.1.1)
            said = lut_item(table, text(item, "LUTExplanation"))
            said.ModalityLUTType = legal(item, "ModalityLUTType") or UNSPECIFIED
            result.ModalityLUTSequence = [said]
            return
    result.RescaleSlope = decimal_string(number(image, "RescaleSlope") or 1)
    result.RescaleIntercept = decimal_string(number(image, "RescaleIntercept") or 0)
    result.RescaleType = legal(image, "RescaleType") or UNSPECIFIED


def _voi(image: Dataset, otherwise: Window | None) -> Dataset | None:
    found = Dataset()
    for item in items(image, "VOILUTSequence"):
        table = _table(item, image)
        if table is not None:
            found.VOILUTSequence = [voi_lut_item(table, text(item, "LUTExplanation"))]
            return found
    function = text(image, "VOILUTFunction")
    function = function if function in {LINEAR_EXACT, SIGMOID} else LINEAR
    window = _window(image, function)
    if window is None:
        window, function = otherwise, LINEAR
    if window is None:
        return None
    found.WindowCenter = decimal_string(window.center)
    found.WindowWidth = decimal_string(window.width)
    if function != LINEAR:
        found.VOILUTFunction = function
    return found


def _window(image: Dataset, function: str) -> Window | None:
    narrowest = 1 if function == LINEAR else 0
    pairs = zip(numbers(image, "WindowCenter"), numbers(image, "WindowWidth"), strict=False)
    windows = (Window(*pair) for pair in pairs)
    return next((one for one in windows if one.width >= narrowest and one.width > 0), None)


def _table(item: Dataset, image: Dataset) -> Lookup | None:
    signed = integer(image, "PixelRepresentation") == 1
    return lookup(item, signed=signed, little_endian=is_little_endian(image))
