"""The super-resolved image as Multi-frame Grayscale Word Secondary Capture (PS3.3 A.8.4)."""

from collections.abc import Iterable

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)

from pipelines.display import Voi
from pipelines.mammogram.attributes import numbers, text, values
from pipelines.mammogram.read import Grey
from pipelines.results.anatomy import UNPAIRED
from pipelines.results.codes import SOURCE_IMAGE, SPATIAL_RESAMPLING, item_of
from pipelines.results.content import reference
from pipelines.results.legal import (
    carry,
    decimal_string,
    instance_number,
    legal,
    patient_orientation,
    patient_study,
    shortened,
)
from pipelines.results.provenance import (
    DISCLAIMER,
    MANUFACTURER,
    MODEL_NAME,
    Origin,
    date_of,
    digest,
    file_meta,
    sign,
    time_of,
)

SERIES_NUMBER = 9102
"""High, so that it hangs behind what the modality sent."""

FEWEST_BITS = 9
"""Word secondary captures hold 9 to 16 bits (A.8.4.4); a window shows the 8 of smaller ones."""

COSINE = "ISO_10918_1"
LOSSY_METHODS = {
    JPEGBaseline8Bit: COSINE,
    JPEGExtended12Bit: COSINE,
    JPEGLSNearLossless: "ISO_14495_1",
    JPEG2000: "ISO_15444_1",
    HTJ2K: "ISO_15444_15",
}


def secondary_capture(grey: Grey, shown: Voi, codestream: bytes, origin: Origin) -> Dataset:
    """Return `grey`, enlarged from the source of `origin` and encoded as `codestream`."""
    result = Dataset()
    patient_study(origin.source, result)
    _identify(result, grey, origin)
    sign(result, origin)
    _describe(result, grey, origin)
    _place(result, grey, origin.source)
    _shape(result, grey)
    _show(result, shown)
    confess_losses(result, origin.source)
    result.PixelData = encapsulate([codestream])
    result["PixelData"].VR = "OB"
    result["PixelData"].is_undefined_length = True
    result.file_meta = file_meta(result, JPEGLSLossless, origin.product.version)
    return result


def _identify(result: Dataset, grey: Grey, origin: Origin) -> None:
    source, scale = origin.source, origin.card.scale
    outcome = digest(grey.pixels.data)
    result.SOPClassUID = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    result.SOPInstanceUID = origin.uid("image", text(source, "SOPInstanceUID"), outcome)
    result.SeriesInstanceUID = origin.uid("image-series", text(source, "SeriesInstanceUID"))
    result.Modality = "OT"
    result.SeriesNumber = SERIES_NUMBER
    result.SeriesDescription = f"AI super-resolution x{scale} RESEARCH"
    result.InstanceNumber = instance_number(source)
    result.ImageType = ["DERIVED", "SECONDARY", "", f"SUPERRES_X{scale}"]
    result.ImageComments = DISCLAIMER


def _describe(result: Dataset, grey: Grey, origin: Origin) -> None:
    """State how it was derived: General Image and SC Equipment modules."""
    source, card = origin.source, origin.card
    rows, columns = grey.pixels.shape
    result.ConversionType = "SYN"
    result.DateOfSecondaryCapture = date_of(origin.moment)
    result.TimeOfSecondaryCapture = time_of(origin.moment)
    result.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    result.SecondaryCaptureDeviceManufacturerModelName = MODEL_NAME
    result.SecondaryCaptureDeviceSoftwareVersions = origin.software_versions
    result.DerivationDescription = (
        f"{card.name} {card.version} learned super-resolution x{card.scale}: "
        f"{source.Rows}x{source.Columns} -> {rows}x{columns}; "
        f"pixels are synthesised, not acquired. {DISCLAIMER}"
    )[:1024]
    result.DerivationCodeSequence = [item_of(SPATIAL_RESAMPLING)]
    result.SourceImageSequence = [_source_image(source)]
    result.BurnedInAnnotation = "NO"
    result.RecognizableVisualFeatures = "NO"


def _source_image(source: Dataset) -> Dataset:
    """Refer to the source; locations do not carry over to a magnified image (PS3.3 C.12.4.1)."""
    item = reference(source)
    item.PurposeOfReferenceCodeSequence = [item_of(SOURCE_IMAGE)]
    item.SpatialLocationsPreserved = "NO"
    return item


def _place(result: Dataset, grey: Grey, source: Dataset) -> None:
    """State where the image lies on the patient, as far as the source does."""
    orientation = patient_orientation(source)
    result.PatientOrientation = list(orientation) if orientation else None
    carry(source, result, "AcquisitionDate", "AcquisitionTime", "BodyPartExamined")
    laterality = legal(source, "ImageLaterality") or legal(source, "Laterality")
    if laterality:
        result.ImageLaterality = laterality
    elif legal(source, "BodyPartExamined") not in UNPAIRED:
        result.Laterality = None  # type 2C: required, and unknown (C.7.3.1)
    scale = grey.pixels.shape[0] / source.Rows
    spacing = spacing_of(source)
    if spacing:
        result.PixelSpacing = [decimal_string(value / scale) for value in spacing]
    if spacing and spacing == numbers(source, "PixelSpacing"):
        _carry_calibration(source, result)


def spacing_of(source: Dataset) -> tuple[float, ...]:
    """Return the distance of rows and that of columns in mm, nothing where it is not known."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = numbers(source, keyword)
        if len(found) == len(("rows", "columns")) and min(found) > 0:
            return found
    return ()


def _carry_calibration(source: Dataset, result: Dataset) -> None:
    """Take over how Pixel Spacing was calibrated; the text is required with the type (10.7.1)."""
    kind = legal(source, "PixelSpacingCalibrationType")
    description = legal(source, "PixelSpacingCalibrationDescription")
    if kind and description:
        result.PixelSpacingCalibrationType = kind
        result.PixelSpacingCalibrationDescription = description


def _shape(result: Dataset, grey: Grey) -> None:
    result.Rows, result.Columns = grey.pixels.shape
    result.NumberOfFrames = 1  # and no Frame Increment Pointer: it is for several (C.7.6.6)
    result.SamplesPerPixel, result.PhotometricInterpretation = 1, "MONOCHROME2"
    result.BitsAllocated, result.PixelRepresentation = 16, 0
    result.BitsStored = max(grey.bits, FEWEST_BITS)
    result.HighBit = result.BitsStored - 1
    if grey.padding is not None:
        low, high = grey.padding
        result.PixelPaddingValue = low
        if high != low:
            result.PixelPaddingRangeLimit = high


def _show(result: Dataset, shown: Voi) -> None:
    """State an identity modality transformation, the VOI choices, and P-values (A.8.4.4)."""
    result.RescaleIntercept, result.RescaleSlope, result.RescaleType = "0", "1", "US"
    result.PresentationLUTShape = "IDENTITY"
    if shown.windows:
        result.WindowCenter = [decimal_string(window.center) for window in shown.windows]
        result.WindowWidth = [decimal_string(window.width) for window in shown.windows]
        result.VOILUTFunction = shown.function
        explanations = [shortened(window.explanation) for window in shown.windows]
        if all(explanations):
            result.WindowCenterWidthExplanation = explanations
    if shown.tables:
        result.VOILUTSequence = list(_lut_items(shown))


def _lut_items(shown: Voi) -> Iterable[Dataset]:
    for table, explanation in shown.tables:
        item = Dataset()
        item.add_new("LUTDescriptor", "US", [len(table.entries) & 0xFFFF, table.first, table.bits])
        item.add_new("LUTData", "OW", table.entries.astype("<u2").tobytes())
        if explanation:
            item.LUTExplanation = shortened(explanation)
        yield item


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


def _is_lossy(stated: str, method: str | None) -> bool:
    """Believe the source, but for two: silence about a lossy syntax, and no loss by a cosine."""
    if stated == "00":
        return method == COSINE
    return stated == "01" or method is not None
