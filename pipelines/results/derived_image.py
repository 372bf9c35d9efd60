"""What is said alike of every image that is made of another."""

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from pipelines.display import Voi
from pipelines.mammogram.attributes import numbers, values
from pipelines.mammogram.lookup import Lookup
from pipelines.mammogram.read import Grey
from pipelines.results.anatomy import UNPAIRED
from pipelines.results.codes import SOURCE_IMAGE, item_of
from pipelines.results.content import reference
from pipelines.results.legal import carry, decimal_string, legal, patient_orientation, shortened
from pipelines.results.provenance import DISCLAIMER

FEWEST_BITS = 9
"""Word secondary captures hold 9 to 16 bits (A.8.4.4); a window shows the 8 of smaller ones."""
BITS_OF_BYTE = 8
LONGEST_DESCRIPTION = 1024
"""Characters of an ST."""

COSINE = "ISO_10918_1"
LOSSY_METHODS = {
    JPEGBaseline8Bit: COSINE,
    JPEGExtended12Bit: COSINE,
    JPEGLSNearLossless: "ISO_14495_1",
    JPEG2000: "ISO_15444_1",
    HTJ2K: "ISO_15444_15",
}


def derive(result: Dataset, source: Dataset, said: str) -> None:
    """State what was done to the source; locations do not carry over to another grid (C.12.4.1)."""
    result.DerivationDescription = f"{said} {DISCLAIMER}"[:LONGEST_DESCRIPTION]
    item = reference(source)
    item.PurposeOfReferenceCodeSequence = [item_of(SOURCE_IMAGE)]
    item.SpatialLocationsPreserved = "NO"
    result.SourceImageSequence = [item]


def side_of(source: Dataset) -> str:
    """Return the Image Laterality, else the Laterality of its series, nothing where it has none."""
    return legal(source, "ImageLaterality") or legal(source, "Laterality")


def place(result: Dataset, source: Dataset) -> None:
    """State where the image lies on the patient, as far as the source does."""
    orientation = patient_orientation(source)
    result.PatientOrientation = list(orientation) if orientation else None
    carry(source, result, "AcquisitionDate", "AcquisitionTime", "BodyPartExamined")
    side = side_of(source)
    if side:
        result.ImageLaterality = side
    elif legal(source, "BodyPartExamined") not in UNPAIRED:
        result.Laterality = None  # type 2C: required, and unknown (C.7.3.1)


def measure(result: Dataset, source: Dataset) -> None:
    """State the size of the pixels of `result`, which shows all of the source."""
    spacing = spacing_of(source)
    if spacing:
        result.PixelSpacing = on_grid_of(result, source, spacing)
    if spacing and spacing == numbers(source, "PixelSpacing"):
        _carry_calibration(source, result)


def on_grid_of(result: Dataset, source: Dataset, spacing: tuple[float, ...]) -> list[str]:
    """Return what a `spacing` on the source is on `result`."""
    scales = result.Rows / source.Rows, result.Columns / source.Columns
    return [decimal_string(value / scale) for value, scale in zip(spacing, scales, strict=True)]


def spacing_of(source: Dataset) -> tuple[float, ...]:
    """Return the distance of rows and that of columns in mm, nothing where it is not known."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = positive_pair(source, keyword)
        if found:
            return found
    return ()


def positive_pair(source: Dataset, keyword: str) -> tuple[float, ...]:
    """Return the two values of an attribute if both are above 0, else nothing."""
    found = numbers(source, keyword)
    return found if len(found) == len(("rows", "columns")) and min(found) > 0 else ()


def shape(result: Dataset, grey: Grey) -> None:
    """State the pixels of `grey`: 16 bits allocated, unsigned, brighter is higher."""
    result.Rows, result.Columns = grey.pixels.shape
    result.SamplesPerPixel, result.PhotometricInterpretation = 1, "MONOCHROME2"
    result.BitsAllocated, result.PixelRepresentation = 16, 0
    result.BitsStored = max(grey.bits, FEWEST_BITS)
    result.HighBit = result.BitsStored - 1
    if grey.padding is not None:
        low, high = grey.padding
        result.PixelPaddingValue = low
        if high != low:
            result.PixelPaddingRangeLimit = high


def say_nothing_of_units(result: Dataset) -> None:
    """State an identity modality transformation, and that P-values come out (A.8.4.4)."""
    result.RescaleIntercept, result.RescaleSlope, result.RescaleType = "0", "1", "US"
    result.PresentationLUTShape = "IDENTITY"


def show(result: Dataset, shown: Voi) -> None:
    """State the choices of how it is shown."""
    if shown.windows:
        result.WindowCenter = [decimal_string(window.center) for window in shown.windows]
        result.WindowWidth = [decimal_string(window.width) for window in shown.windows]
        result.VOILUTFunction = shown.function
        explanations = [shortened(window.explanation) for window in shown.windows]
        if all(explanations):
            result.WindowCenterWidthExplanation = explanations
    if shown.tables:
        result.VOILUTSequence = [voi_lut_item(table, said) for table, said in shown.tables]


def voi_lut_item(table: Lookup, explanation: str) -> Dataset:
    """Return the item for a VOI LUT, which outside mammography has 8 or 16 bits (C.11.2.1.1)."""
    bits = whole_bits(table)
    share = ((1 << bits) - 1) / ((1 << table.bits) - 1)
    entries = np.rint(share * table.entries).astype(np.uint16)
    return lut_item(Lookup(table.first, bits, entries), explanation)


def whole_bits(table: Lookup) -> int:
    """Return 8 or 16, what holds the entries of `table`."""
    return BITS_OF_BYTE if table.bits == BITS_OF_BYTE else 2 * BITS_OF_BYTE


def lut_item(table: Lookup, explanation: str) -> Dataset:
    """Return the item for a look-up table; what it maps first is signed only where it must be."""
    item = Dataset()
    count = len(table.entries) & 0xFFFF  # 65536 is written as 0
    if table.first >= 0:
        item.add_new("LUTDescriptor", "US", [count, table.first, table.bits])
    else:
        wrapped = count - (count >> 15 << 16)
        item.add_new("LUTDescriptor", "SS", [wrapped, table.first, table.bits])
    item.add_new("LUTData", "OW", table.entries.astype("<u2").tobytes())
    if explanation:
        item.LUTExplanation = shortened(explanation)
    return item


def confess_losses(result: Dataset, source: Dataset) -> None:
    """State whether the source was ever compressed with losses, and how (C.7.6.1.1.5)."""
    method = LOSSY_METHODS.get(source.file_meta.TransferSyntaxUID)
    if not _is_lossy(legal(source, "LossyImageCompression"), method):
        result.LossyImageCompression = "00"
        return
    result.LossyImageCompression = "01"
    ratios = numbers(source, "LossyImageCompressionRatio")
    methods = [str(value) for value in values(source, "LossyImageCompressionMethod")]
    if not ratios and method is not None:
        raw = source.Rows * source.Columns * source.BitsAllocated / 8
        ratios, methods = (round(raw / len(source.PixelData), 2),), [method]
    if ratios:
        result.LossyImageCompressionRatio = [decimal_string(ratio) for ratio in ratios]
    if methods and len(methods) == len(ratios) and set(methods) <= set(LOSSY_METHODS.values()):
        result.LossyImageCompressionMethod = methods


def _carry_calibration(source: Dataset, result: Dataset) -> None:
    """Take over how Pixel Spacing was calibrated; the text is required with the type (10.7.1)."""
    kind = legal(source, "PixelSpacingCalibrationType")
    description = legal(source, "PixelSpacingCalibrationDescription")
    if kind and description:
        result.PixelSpacingCalibrationType = kind
        result.PixelSpacingCalibrationDescription = description


def _is_lossy(stated: str, method: str | None) -> bool:
    """Believe the source, but for two: silence about a lossy syntax, and no loss by a cosine."""
    if stated == "00":
        return method == COSINE
    return stated == "01" or method is not None
