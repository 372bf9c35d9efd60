"""What is said alike of every form of a super-resolved image."""

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from pipelines.display import Voi
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Grey
from pipelines.results.codes import SPATIAL_RESAMPLING, item_of
from pipelines.results.derived_image import confess_losses, derive, place, shape, show
from pipelines.results.legal import instance_number, patient_study
from pipelines.results.provenance import Origin, digest, file_meta, sign
from pipelines.results.series import Series, file_in


def enlarged_image(grey: Grey, shown: Voi, origin: Origin, name: str, number: int) -> Dataset:
    """Return what every form of `grey`, enlarged from the source of `origin`, says of itself.

    `name` keys the UIDs of the form, and `number` is that of its series.
    """
    source, scale = origin.source, origin.card.scale
    result = Dataset()
    patient_study(source, result)
    outcome = digest(grey.pixels.data)
    result.SOPInstanceUID = origin.uid(name, text(source, "SOPInstanceUID"), outcome)
    series = Series(name, number, f"AI super-resolution x{scale} RESEARCH")
    file_in(series, result, origin, text(source, "SeriesInstanceUID"))
    result.InstanceNumber = instance_number(source)
    result.ImageType = ["DERIVED", "SECONDARY", "", f"SUPERRES_X{scale}"]
    sign(result, origin)
    derive(result, source, _said(grey, origin))
    result.DerivationCodeSequence = [item_of(SPATIAL_RESAMPLING)]
    shape(result, grey)
    place(result, source)
    show(result, shown)
    confess_losses(result, source)
    return result


def encoded(result: Dataset, codestream: bytes, origin: Origin) -> Dataset:
    """Return `result` with its pixels, which are encoded as `codestream`, ready to be written."""
    result.PixelData = encapsulate([codestream])
    result["PixelData"].VR = "OB"
    result["PixelData"].is_undefined_length = True
    result.file_meta = file_meta(result, JPEGLSLossless, origin.product.version)
    return result


def _said(grey: Grey, origin: Origin) -> str:
    """Return what was done to the source of `origin` to make `grey` of it."""
    source, card = origin.source, origin.card
    rows, columns = grey.pixels.shape
    return (
        f"{card.name} {card.version} learned super-resolution x{card.scale}: "
        f"{source.Rows}x{source.Columns} -> {rows}x{columns}; "
        "pixels are synthesised, not acquired."
    )
