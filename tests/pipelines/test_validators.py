"""What other people's validators say: dciodvfy, dicom-validator, dcmtk and PixelMed."""

import subprocess
import sys
from pathlib import Path

import pytest
from answering import brightness, classifier
from doubling import context, results_of
from odd import lacking_images, odd_images
from phantoms import TRANSFER_SYNTAXES, mammogram, picture
from pydicom import dcmread
from pydicom.uid import JPEGBaseline8Bit
from reread import reread

from engines.card import Code, Label
from pipelines.classification import Classification
from pipelines.segmentation import Segmentation
from pipelines.super_resolution import SuperResolution

PROJECT = Path(__file__).parents[2]
LABELS = (
    Label(name="benign"),
    Label(
        name="malignant", code=Code(value="86049000", scheme="SCT", meaning="Malignant neoplasm")
    ),
)


@pytest.fixture(scope="session")
def edition(request):
    """The tables for dicom-validator, kept from one run to the next."""
    return request.config.cache.mkdir("dicom-validator")


@pytest.fixture
def validated(edition, tmp_path):
    """A function that makes results of images, and returns what validators have against them."""

    def complaints(images, *options):
        paths = [
            path
            for number, image in enumerate(images)
            for path in written_results(image, tmp_path / str(number))
        ]
        assert paths
        return validators(paths, edition, *options)

    return complaints


def written_results(image, stem):
    for kind, result in zip(
        ("image", "report"), results_of(SuperResolution(), image, context()), strict=True
    ):
        path = stem.with_suffix(f".{kind}.dcm")
        result.save_as(path, enforce_file_format=True)
        yield path


def validators(paths, edition, *options):
    command = [sys.executable, "-m", "tools.validate", "--edition", str(edition), *options]
    done = subprocess.run(
        [*command, *map(str, paths)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def modalities(**storage):
    return [
        reread(picture(modality, rows=64, columns=64, **storage))
        for modality in ("DX", "CR", "CT", "MR", "SC")
    ]


def test_results_of_every_kind_of_pixels_are_valid(validated):
    images = [
        reread(mammogram(rows=64, columns=48, bits_stored=bits, photometric=photometric))
        for bits in (8, 10, 12, 14, 16)
        for photometric in ("MONOCHROME1", "MONOCHROME2")
    ]

    assert validated(images) == ""


def test_results_of_every_transfer_syntax_are_valid(validated):
    images = [
        reread(
            mammogram(
                rows=64,
                columns=48,
                padding=True,
                transfer_syntax=syntax,
                bits_stored=8 if syntax == JPEGBaseline8Bit else 12,
            )
        )
        for syntax in TRANSFER_SYNTAXES
    ]

    assert validated(images) == ""


def test_results_of_every_modality_are_valid(validated):
    images = [
        *modalities(),
        *modalities(photometric="MONOCHROME1", padding=True),
        *modalities(signed=True, bits_stored=16),
    ]

    assert validated(images) == ""


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_results_of_images_with_odd_headers_are_valid(validated):
    assert validated(odd_images()) == ""


@pytest.mark.filterwarnings("ignore")
def test_results_of_images_with_missing_attributes_are_valid(validated):
    assert validated(lacking_images()) == ""


@pytest.mark.filterwarnings("ignore")
def test_results_of_real_images_are_valid(validated, dicom_files):
    images = [dcmread(path) for path in dicom_files]

    assert validated([image for image in images if SuperResolution().skips(image) is None]) == ""


def test_the_report_follows_its_template(validated):
    assert validated([reread(mammogram()), reread(picture("CT"))], "--templates") == ""


def written(results, stem):
    paths = [stem.with_suffix(f".{number}.dcm") for number in range(len(results))]
    for path, result in zip(paths, results, strict=True):
        result.save_as(path, enforce_file_format=True)
    return paths


def found_on(image):
    """Return what a classifier and a network that segments make of `image`."""
    return [
        *results_of(
            Classification("c", "plain"),
            image,
            context(engine=classifier(0.25, 0.75, labels=LABELS)),
        ),
        *results_of(
            Segmentation("s", "plain"), image, context(engine=brightness(0.3, 0.6, labels=LABELS))
        ),
        *results_of(
            Segmentation("s", "plain"), image, context(engine=brightness(1, 1, labels=LABELS))
        ),
    ]


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_what_networks_find_on_images_of_every_kind_is_valid(edition, tmp_path):
    images = [
        *modalities(),
        *odd_images(),
        *lacking_images(),
        reread(mammogram(rows=64, columns=48, photometric="MONOCHROME1", padding=True)),
        reread(mammogram(rows=64, columns=48, transfer_syntax=JPEGBaseline8Bit, bits_stored=8)),
    ]

    paths = [
        path
        for number, image in enumerate(images)
        for path in written(found_on(image), tmp_path / str(number))
    ]

    assert len(paths) > 3 * len(images)
    assert validators(paths, edition) == ""


def test_reports_of_what_networks_find_follow_their_template(edition, tmp_path):
    paths = written(found_on(reread(mammogram())), tmp_path / "found")

    assert validators(paths, edition, "--templates") == ""


def broken(result, keyword):
    delattr(result, keyword)
    return result


def test_the_validators_would_have_noticed(edition, tmp_path):
    image, report = results_of(SuperResolution(), reread(mammogram()), context())
    spoilt = {
        tmp_path / "image.dcm": broken(image, "PresentationLUTShape"),
        tmp_path / "report.dcm": broken(report, "CompletionFlag"),
        tmp_path / "mask.dcm": broken(found_on(reread(mammogram()))[1], "SegmentSequence"),
    }
    for path, result in spoilt.items():
        result.save_as(path, enforce_file_format=True)

    said = validators(spoilt, edition)

    for path in spoilt:
        for validator in ("dciodvfy", "dicom-validator"):
            assert f"{path.name}: {validator}: " in said
    assert "report.dcm: dsrdump: " in said
