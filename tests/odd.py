"""Images whose headers say what no header may say: results made from them must be clean."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from phantoms import mammogram, picture
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from reread import reread

LONG = "x" * 100

ODD_VALUES: Mapping[str, list[str]] = {
    "AccessionNumber": [LONG, "a\\b", "\x07bell"],
    "AcquisitionDate": ["2026-01-02", "20260230", "x"],
    "AcquisitionTime": ["25:00", "1015", "240000"],
    "BodyPartExamined": ["breast", "Mamma links", "", "CHEST", "ZAHN"],
    "DeviceSerialNumber": [LONG, "a\\b"],
    "ImageLaterality": ["", "l", "Left", "X"],
    "ImagerPixelSpacing": ["0\\0", "-1\\-1", "a\\b", "0.07", "", "0.0700000000000000000001\\0.07"],
    "InstanceNumber": ["", "abc", "99999999999", "-3", "1.0"],
    "InstitutionName": ["Klinikum Süd", LONG, "ü" * 64],
    "IssuerOfPatientID": [LONG],
    "LossyImageCompression": ["01", "1", "YES", ""],
    "LossyImageCompressionRatio": ["x", "10\\20", ""],
    "Manufacturer": ["", LONG, "ü" * 64, "a\\b"],
    "PatientAge": ["55", "55Y", "999X", ""],
    "PatientBirthDate": ["1970.01.01", "19700231", "00000000", "x"],
    "PatientID": [LONG, "", "a\tb", "müller"],
    "PatientIdentityRemoved": ["YES", "NO", "x"],
    "PatientName": [LONG, "A^B^C^D^E^F^G", "山田^太郎=やまだ", "x=y=z=q", "^^^^", "no caret"],
    "PatientOrientation": ["", "A", "X\\Y", "A\\F\\R", "a\\f", "AA\\F"],
    "PatientSex": ["f", "FEMALE", "", "X"],
    "PatientSize": ["1,70", "0", "nan", "inf", "170cm"],
    "PatientWeight": ["-", "0.000", "0e3", "6" * 30],
    "PixelSpacing": ["0\\0", "a", ""],
    "PixelSpacingCalibrationType": ["x", "GEOMETRY"],
    "PresentationLUTShape": ["INVERSE", "x"],
    "ReferringPhysicianName": [LONG, "Dr. X", ""],
    "RescaleIntercept": ["x", "-1024"],
    "RescaleSlope": ["x", "0", "-1", "nan"],
    "SeriesNumber": ["x", ""],
    "SoftwareVersions": ["a\\b\\c", LONG, ""],
    "SpecificCharacterSet": ["", "NONSENSE", "ISO 2022 IR 87", "\\ISO 2022 IR 87", "GB18030"],
    "StationName": [LONG],
    "StudyDate": ["2026-01-02", "20261301", ""],
    "StudyDescription": ["ü" * 64, "山" * 64, "a\\b", LONG],
    "StudyID": [LONG, "ä"],
    "StudyTime": ["10:15", "251500", "101500.1234567"],
    "TimezoneOffsetFromUTC": ["UTC", "0100", "+9999"],
    "VOILUTFunction": ["linear", "x", ""],
    "WindowCenter": ["x", "", "2000\\3000", "1e400", "nan"],
    "WindowCenterWidthExplanation": [LONG, "a\\b", ""],
    "WindowWidth": ["0", "-5", "", "x", "0.5"],
}

NEEDED = frozenset(
    {
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "StudyInstanceUID",
        "Modality",
        "Rows",
        "Columns",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PixelData",
    }
)
"""What an image cannot be read without."""


def odd_images() -> Iterator[Dataset]:
    """Yield images that hold all the odd values, each at one oddity of every attribute at once."""
    for number, odd in enumerate(zip_longest(*ODD_VALUES.values()), 1):
        image = mammogram(rows=64, columns=48, instance_number=number)
        for keyword, value in zip(ODD_VALUES, odd, strict=True):
            if value is not None:
                _say(image, keyword, value)
        yield reread(image)


def lacking_images() -> Iterator[Dataset]:
    """Yield images that lack one attribute after another, and some that lack all they may."""
    for number, keyword in enumerate(ODD_VALUES, 1):
        image = mammogram(rows=64, columns=48, instance_number=number)
        if keyword in image:
            delattr(image, keyword)
            yield reread(image)
    yield _bare(mammogram(rows=64, columns=48))
    for modality in ("DX", "CR", "CT", "MR", "SC"):
        yield _bare(picture(modality, rows=64, columns=64))


def _say(image: Dataset, keyword: str, value: str) -> None:
    """Put a value into `image` as it would stand in a file, legal or not."""
    tag, vr, raw = tag_for_keyword(keyword), dictionary_VR(keyword), value.encode()
    raw += b" " * (len(raw) % 2)
    image[tag] = RawDataElement(
        tag, vr, len(raw), raw, 0, is_implicit_VR=False, is_little_endian=True
    )


def _bare(image: Dataset) -> Dataset:
    for element in list(image):
        if element.keyword not in NEEDED:
            del image[element.tag]
    return reread(image)
