import re
from pathlib import Path

import pytest
from doubling import context, results_of
from odd import lacking_images, odd_images
from phantoms import TRANSFER_SYNTAXES, mammogram, picture, tomosynthesis
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.uid import (
    BreastProjectionXRayImageStorageForPresentation,
    ComprehensiveSRStorage,
    DigitalXRayImageStorageForProcessing,
    JPEGBaseline8Bit,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
)
from reread import reread

from pipelines.eligibility import ALLOWABLE, NOT_ANALYSED, why_not_analysed
from pipelines.super_resolution import SuperResolution

DOCUMENT = Path(__file__).parents[2] / "docs" / "cad-sources.md"
SMALL = {"rows": 64, "columns": 48}


def header(**attributes):
    """A mammogram, as it is read, with these attributes."""
    image = mammogram(**SMALL)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return reread(image)


def coded(value, scheme="SCT"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "a code"
    return item


def modified(value, scheme="SCT"):
    """A mammogram with a view modifier."""
    image = mammogram(**SMALL)
    image.ViewCodeSequence[0].ViewModifierCodeSequence = [coded(value, scheme)]
    return reread(image)


def of_the_breast(modality, **attributes):
    image = picture(modality, rows=64, columns=64)
    image.BodyPartExamined = "BREAST"
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return reread(image)


def untold(**attributes):
    """A secondary capture that says neither modality nor body part, and these attributes."""
    image = picture("SC", rows=64, columns=64)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return reread(image)


def unlawful(image, keyword, value):
    """Return `image` with a value that no file may hold, and some do."""
    tag = tag_for_keyword(keyword)
    image[tag] = RawDataElement(tag, dictionary_VR(keyword), len(value), value, 0, False, True)  # noqa: FBT003
    return image


@pytest.mark.parametrize("intent", ["FOR PRESENTATION", "FOR PROCESSING"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_mammograms_are_analysed_for_presentation_or_processing_bright_or_dark(
    intent, photometric, bits
):
    image = mammogram(**SMALL, intent=intent, photometric=photometric, bits_stored=bits)

    assert why_not_analysed(reread(image)) is None


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES, ids=lambda syntax: syntax.name)
def test_mammograms_are_analysed_however_they_are_coded(syntax):
    bits = 8 if syntax == JPEGBaseline8Bit else 12

    image = mammogram(**SMALL, transfer_syntax=syntax, bits_stored=bits)

    assert why_not_analysed(reread(image)) is None


@pytest.mark.parametrize(
    "image",
    [
        of_the_breast("CR"),
        of_the_breast("DX"),
        of_the_breast("DX", SOPClassUID=DigitalXRayImageStorageForProcessing),
        of_the_breast("SC"),
        unlawful(untold(), "BodyPartExamined", b"Breast"),
        of_the_breast("SC", NumberOfFrames=1),
        of_the_breast("SC", Modality="RG"),
        of_the_breast("SC", SOPClassUID=MultiFrameGrayscaleByteSecondaryCaptureImageStorage),
        untold(Modality="MG"),
        untold(AnatomicRegionSequence=[coded("76752008")]),
        untold(AnatomicRegionSequence=[coded("T-04000", "SNM3")]),
    ],
)
def test_film_and_cassettes_are_analysed_where_they_say_that_they_are_of_the_breast(image):
    assert why_not_analysed(image) is None


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (picture("CT"), "it is no mammogram"),
        (picture("MR"), "it is no mammogram"),
        (of_the_breast("MR"), "it is no mammogram"),
        (of_the_breast("SC", Modality="US"), "it is no mammogram"),
        (of_the_breast("SC", Modality="MR"), "it is no mammogram"),
        (picture("CR"), "it is no mammogram"),
        (picture("DX"), "it is no mammogram"),
        (picture("SC"), "it is no mammogram"),
        (untold(AnatomicRegionSequence=[coded("76752008", "99ACME")]), "it is no mammogram"),
        (tomosynthesis(), "it is tomosynthesis, and only 2-D images are analysed"),
        (
            header(SOPClassUID=BreastProjectionXRayImageStorageForPresentation),
            "it is tomosynthesis, and only 2-D images are analysed",
        ),
        (
            header(ImageType=["ORIGINAL", "PRIMARY", "TOMO_PROJ"]),
            "it is tomosynthesis, and only 2-D images are analysed",
        ),
        (header(NumberOfFrames=2), "it has several frames"),
        (header(PhotometricInterpretation="RGB"), "it is not greyscale"),
        (
            header(ImageType=["DERIVED", "PRIMARY", "POST_CONTRAST", "SUBTRACTION"]),
            "it shows a contrast agent, not the breast",
        ),
        (
            header(ImageType=["ORIGINAL", "PRIMARY", "POST_CONTRAST", "", "HIGH_ENERGY"]),
            "it shows a contrast agent, not the breast",
        ),
        (
            header(PatientID="a\tb"),
            "its UIDs or its Patient ID are not legal, so that no result could be filed with it",
        ),
    ],
)
def test_what_cannot_be_analysed_has_its_reason_whatever_is_allowed(image, reason):
    assert why_not_analysed(image) == reason
    assert why_not_analysed(image, ALLOWABLE) == reason


def test_a_report_holds_no_image():
    report = Dataset()
    report.SOPClassUID, report.Modality = ComprehensiveSRStorage, "SR"

    assert why_not_analysed(report) == "it holds no image"


def test_results_of_ours_are_never_analysed():
    made = results_of(SuperResolution(), mammogram(**SMALL), context())

    assert {why_not_analysed(one, ALLOWABLE) for one in made} == {"it is a result of this system"}


@pytest.mark.parametrize(
    "image",
    [
        header(ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]),
        header(ImageType=["ORIGINAL", "PRIMARY", "POST_CONTRAST", "", "LOW_ENERGY"]),
        header(EstimatedRadiographicMagnificationFactor="1.1"),
        unlawful(header(), "EstimatedRadiographicMagnificationFactor", b"nonsense"),
        header(BreastImplantPresent=""),
        header(QualityControlImage="NO", PartialView="YES"),
        modified("399161006"),  # cleavage
        modified("399163009", "99ACME"),  # a code of somebody's own
    ],
)
def test_what_is_a_little_unusual_is_analysed(image):
    assert why_not_analysed(image) is None


UNUSUAL = [
    (header(BreastImplantPresent="YES"), "implants"),
    (modified("399209000"), "implants"),
    (modified("R-102D5", "SNM3"), "implants"),
    (modified("399163009"), "magnification"),
    (modified("R-102D6", "SRT"), "magnification"),
    (header(EstimatedRadiographicMagnificationFactor="1.5"), "magnification"),
    (header(ViewModifierCodeSequence=[coded("399163009")]), "magnification"),
    (modified("399055006"), "spot"),
    (modified("R-102D7", "SNM3"), "spot"),
    (header(BiopsyTargetSequence=[Dataset()]), "biopsy"),
    (header(ImageType=["DERIVED", "PRIMARY", "STEREO", "LEFT"]), "biopsy"),
    (header(ImageType=["DERIVED", "PRIMARY", "POSTFIRE_MINUS"]), "biopsy"),
    (header(QualityControlImage="YES"), "quality-control"),
]


@pytest.mark.parametrize(("image", "word"), UNUSUAL)
def test_what_is_unusual_is_analysed_only_where_a_route_allows_it(image, word):
    others = set(ALLOWABLE) - {word}

    assert why_not_analysed(image) == ALLOWABLE[word]
    assert why_not_analysed(image, others) == ALLOWABLE[word]
    assert why_not_analysed(image, {word}) is None


def test_an_image_of_which_several_are_true_needs_all_of_them_allowed():
    image = mammogram(**SMALL)
    both = [coded("399055006"), coded("399163009")]
    image.ViewCodeSequence[0].ViewModifierCodeSequence = both
    image = reread(image)

    assert why_not_analysed(image, {"spot"}) == ALLOWABLE["magnification"]
    assert why_not_analysed(image, {"magnification"}) == ALLOWABLE["spot"]
    assert why_not_analysed(image, {"magnification", "spot"}) is None


def test_every_word_that_can_be_allowed_keeps_something_out():
    assert {word for _, word in UNUSUAL} == set(ALLOWABLE)


@pytest.mark.filterwarnings("ignore")
def test_odd_headers_are_judged_by_one_of_the_fixed_reasons():
    reasons = {None, *ALLOWABLE.values(), *(reason for _, reason in NOT_ANALYSED)}

    judged = [why_not_analysed(image) for image in (*odd_images(), *lacking_images())]

    assert set(judged) <= reasons
    assert None in judged


def test_the_document_states_every_reason_and_every_word():
    text = DOCUMENT.read_text(encoding="utf-8")

    rows = set(re.findall(r"^\| (.+?) \|", text, re.MULTILINE))

    assert {reason for _, reason in NOT_ANALYSED} <= rows
    assert {f"`{word}`" for word in ALLOWABLE} <= rows
    assert all(reason in text for reason in ALLOWABLE.values())


JUDGED = {
    "mg_as_secondary_capture_rgb_jpeg": "it is not greyscale",
    "mg_clunie_pixelspacing_512_8bit": ALLOWABLE["magnification"],  # by its factor of 1.5
    "mg_siemens_inspiration_jpegll_oob_overlay": ALLOWABLE["biopsy"],  # STEREO\LEFT
    "bto_hologic_j2kll_noise_128x128x4": "it is tomosynthesis, and only 2-D images are analysed",
}
"""Real objects that are not analysed."""


def test_objects_of_every_make_are_judged_as_their_headers_say(dicom_files):
    headers = {path.stem: dcmread(path, stop_before_pixels=True) for path in dicom_files}

    assert headers
    for name, header in headers.items():
        is_other = name not in JUDGED and header.Modality != "MG" and "ViewPosition" not in header
        expected = "it is no mammogram" if is_other else JUDGED.get(name)
        assert why_not_analysed(header) == expected, name


@pytest.mark.filterwarnings("ignore")  # pydicom says of bad files what they are
def test_objects_that_are_broken_are_judged_by_their_headers_too(bad_files):
    fixed = {None, *ALLOWABLE.values(), *(reason for _, reason in NOT_ANALYSED)}

    reasons = [
        why_not_analysed(dcmread(path, stop_before_pixels=True, force=True)) for path in bad_files
    ]

    assert reasons
    assert set(reasons) <= fixed
    assert set(reasons) != {None}
