"""What other people's validators say of images, masks and presentation states."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from odd import ODD_VALUES, lacking_images, odd_images
from outlined import circle, forms_made, shown_on
from peers.programs import program
from phantoms import TRANSFER_SYNTAXES, mammogram, picture
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.uid import JPEGBaseline8Bit
from reread import reread

from pipelines.eligibility import why_skipped
from pipelines.kinds import Kind

PROJECT = Path(__file__).parents[2]
NAMES = (
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Παπαδόπουλος^Γιώργος",
    "Hong^Gildong=洪^吉洞=홍^길동",
)


@pytest.fixture(scope="session")
def edition(request):
    """The tables for dicom-validator, kept from one run to the next."""
    return request.config.cache.mkdir("dicom-validator")


@pytest.fixture
def complaints(edition, tmp_path):
    """A function that returns what validators have against results."""

    def said(results):
        paths = []
        for number, result in enumerate(results):
            paths.append(tmp_path / f"{number:04}_{result.SeriesNumber}.dcm")
            result.save_as(paths[-1], enforce_file_format=True)
        assert paths
        command = [sys.executable, "-m", "tools.validate", "--edition", str(edition)]
        done = subprocess.run(
            [*command, *map(str, paths)], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr

    return said


def objects_of(images):
    """Yield all that shows two lesions on each image: one inside, one over the edge."""
    for image in images:
        yield from shown_on(image, circle(20, 22, 8), circle(image.Columns - 4, 40, 9))


def small(view="LCC", **settings):
    return reread(mammogram(view, rows=64, columns=48, **settings))


@pytest.mark.parametrize("voi", ["LINEAR", "SIGMOID", "LUT"])
def test_objects_of_every_kind_of_pixels_are_valid(complaints, voi):
    images = [
        small(view, bits_stored=bits, photometric=photometric, padding=view == "RMLO", voi=voi)
        for bits in (8, 10, 16)
        for photometric, view in (("MONOCHROME1", "RMLO"), ("MONOCHROME2", "LCC"))
    ]

    assert complaints(objects_of(images)) == ""


def test_objects_of_every_transfer_syntax_are_valid(complaints):
    images = [
        small(transfer_syntax=syntax, bits_stored=8 if syntax == JPEGBaseline8Bit else 12)
        for syntax in TRANSFER_SYNTAXES
    ]

    assert complaints(objects_of(images)) == ""


def test_objects_of_every_modality_are_valid(complaints):
    images = [
        reread(picture(modality, rows=64, columns=64, **storage))
        for modality in ("DX", "CR", "CT", "MR", "SC")
        for storage in (
            {},
            {"photometric": "MONOCHROME1", "padding": True},
            {"signed": True, "bits_stored": 16},
        )
    ]

    assert complaints(objects_of(images)) == ""


def test_objects_of_images_with_tables_for_signed_values_are_valid(complaints):
    image = picture("CR", rows=64, columns=64, signed=True)
    image.RescaleIntercept = "0"
    image.VOILUTSequence = [table(-2048, np.linspace(0, 1023, 4096), 10)]
    other = picture("CR", rows=64, columns=64)
    other.ModalityLUTSequence = [table(0, np.arange(4096) // 4, 10)]
    del other.RescaleSlope, other.RescaleIntercept, other.RescaleType

    assert complaints(objects_of([reread(image), reread(other)])) == ""


def table(first, entries, bits):
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    item.ModalityLUTType = "US"
    return item


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_objects_of_images_with_odd_headers_are_valid(complaints):
    assert complaints(objects_of(odd_images())) == ""


@pytest.mark.filterwarnings("ignore")
def test_objects_of_images_with_missing_attributes_are_valid(complaints):
    assert complaints(objects_of(lacking_images())) == ""


def images_of_one_oddity():
    """Yield mammograms that hold one odd value each, so that most of them can be derived from."""
    for keyword, odd in ODD_VALUES.items():
        for number, value in enumerate(odd):
            image = mammogram(rows=64, columns=48, instance_number=number)
            tag, vr, raw = tag_for_keyword(keyword), dictionary_VR(keyword), value.encode()
            raw += b" " * (len(raw) % 2)
            image[tag] = RawDataElement(
                tag, vr, len(raw), raw, 0, is_implicit_VR=False, is_little_endian=True
            )
            yield reread(image)


@pytest.mark.filterwarnings("ignore")
def test_mammograms_derived_from_mammograms_with_an_odd_value_are_valid(complaints):
    made = [forms_made(image).get(Kind.MG_DERIVED) for image in images_of_one_oddity()]
    results = [one for one in made if one is not None]

    assert len(results) > 0.8 * len(made)
    assert complaints(results) == ""


@pytest.mark.filterwarnings("ignore")
def test_objects_of_real_images_are_valid(complaints, dicom_files):
    images = [dcmread(path) for path in dicom_files]

    assert complaints(objects_of([one for one in images if why_skipped(one, "") is None])) == ""


def test_names_in_other_scripts_survive_and_are_valid(complaints):
    results = []
    for name in NAMES:
        image = small("RMLO")
        image.PatientName, image.StudyDescription = name, name.split("=")[-1]
        results += objects_of([reread(image)])

    assert {str(reread(one).PatientName) for one in results} == set(NAMES)
    assert complaints(results) == ""


def test_dcmtk_decodes_what_we_encode(tmp_path):
    image = small(photometric="MONOCHROME1", padding=True)
    wanted = 4095 - image.pixel_array.repeat(2, axis=0).repeat(2, axis=1)

    for form, result in forms_made(image).items():
        packed, plain = tmp_path / f"{form}.dcm", tmp_path / f"{form}-plain.dcm"
        result.save_as(packed, enforce_file_format=True)
        subprocess.run([program("dcmdjpls", "dcmtk"), packed, plain], check=True)
        assert (dcmread(plain).pixel_array == wanted).all()


@pytest.mark.parametrize(
    ("series", "keyword", "validators"),
    [
        (9101, "ViewCodeSequence", ("dciodvfy", "dicom-validator")),
        (9101, "PixelIntensityRelationship", ("dciodvfy", "dicom-validator")),
        (9101, "ImagerPixelSpacing", ("dciodvfy", "dicom-validator")),
        (9102, "PresentationLUTShape", ("dciodvfy", "dicom-validator")),
        (9103, "ConversionType", ("dciodvfy", "dicom-validator")),
        (9302, "SegmentSequence", ("dciodvfy", "dicom-validator")),
        (9303, "PresentationLUTShape", ("dciodvfy", "dicom-validator", "dcmpschk")),
        (9303, "DisplayedAreaSelectionSequence", ("dciodvfy", "dicom-validator", "dcmpschk")),
        (9401, "PlanarConfiguration", ("dciodvfy", "dicom-validator")),
    ],
)
def test_the_validators_would_have_noticed(complaints, series, keyword, validators):
    spoilt = [one for one in objects_of([small()]) if one.SeriesNumber == series]
    for one in spoilt:
        delattr(one, keyword)

    said = complaints(spoilt)

    for validator in validators:
        assert f"_{series}.dcm: {validator}: " in said


def test_the_validators_would_have_noticed_what_is_within_a_state(complaints):
    (state,) = (one for one in objects_of([small()]) if one.SeriesNumber == 9303)
    findings = state.GraphicAnnotationSequence[0]
    del findings.GraphicObjectSequence[0].GraphicType
    del findings.TextObjectSequence[0].BoundingBoxTopLeftHandCorner

    said = complaints([state])

    assert "GraphicType" in said
    assert "BoundingBoxTopLeftHandCorner" in said
