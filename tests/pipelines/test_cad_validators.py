"""What other people's validators say of the reports of the CAD, and would say of broken ones."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from examined import (
    OUTCOMES,
    bare,
    cad,
    concept,
    failed,
    finding,
    marked,
    measured,
    named,
    partly,
    views,
    with_findings,
)
from odd import lacking_images, odd_images
from phantoms import mammogram
from pydicom import dcmread
from reread import reread

from pipelines.eligibility import why_not_analysed
from pipelines.kinds import CAD_REPORTS, REPORTS, Kind, Made
from pipelines.pipeline import Document
from pipelines.results.lesions import Reading

PROJECT = Path(__file__).parents[2]
KNOWN = {
    "spacing": ("ImagerPixelSpacing", "PixelSpacing"),
    "side": ("ImageLaterality", "Laterality"),
    "orientation": ("PatientOrientation",),
    "view": ("ViewCodeSequence", "ViewPosition"),
}


@pytest.fixture(scope="session")
def edition(request):
    """The tables for dicom-validator, kept from one run to the next."""
    return request.config.cache.mkdir("dicom-validator")


@pytest.fixture
def complaints(edition, tmp_path):
    """A function that returns what validators have against reports, given by name."""

    def said(reports, *options):
        paths = [tmp_path / f"{name}.dcm" for name in reports]
        for path, report in zip(paths, reports.values(), strict=True):
            report.save_as(path, enforce_file_format=True)
        assert paths
        command = [sys.executable, "-m", "tools.validate", "--edition", str(edition), *options]
        done = subprocess.run(
            [*command, *map(str, paths)], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr

    return said


def every_form(readings, name):
    """Return all reports of `readings`, by name."""
    made = {f"{name} {form}": cad(readings, form) for form in CAD_REPORTS}
    return made | {f"{name} {form}": measured(readings, form) for form in REPORTS}


def lacking(*missing):
    """Return a mammogram that does not say these of `KNOWN`."""
    image = mammogram()
    for keyword in (keyword for one in missing for keyword in KNOWN[one]):
        if keyword in image:
            delattr(image, keyword)
    return reread(image)


def with_a_finding(image):
    return [Reading(image, [finding(20, 30), finding(30, 40, certainty=0.25)])]


# Valid


def test_reports_of_every_outcome_and_form_are_valid(complaints):
    known, unknown = views(), [bare(), bare("RMLO"), bare("LMLO")]

    reports = {}
    for name, outcome in OUTCOMES.items():
        reports |= every_form(outcome(known), f"known {name}")
        reports |= every_form(outcome(unknown), f"unknown {name}")

    assert complaints(reports) == ""


def test_reports_of_images_of_which_anything_is_not_known_are_valid(complaints):
    reports = {}
    for count in range(len(KNOWN) + 1):
        for missing in combinations(KNOWN, count):
            readings, name = with_a_finding(lacking(*missing)), f"no {' '.join(missing)}"
            reports |= {f"{name} {form}": cad(readings, form) for form in CAD_REPORTS}
            reports[f"{name} measured"] = measured(readings, Kind.TID1500)

    assert len(reports) == 3 * 2 ** len(KNOWN)
    assert complaints(reports) == ""


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_reports_of_images_with_odd_headers_are_valid(complaints):
    reports = {}
    for number, image in enumerate(odd_images()):
        reports |= every_form(with_a_finding(image), f"odd {number}")

    assert complaints(reports) == ""


@pytest.mark.filterwarnings("ignore")
def test_reports_of_images_with_missing_attributes_are_valid(complaints):
    reports = {}
    for number, image in enumerate(lacking_images()):
        readings = with_a_finding(image)
        reports[f"cad {number}"] = cad(readings, Kind.CAD_SR)
        reports[f"measured {number}"] = measured(readings, Kind.TID1500)

    assert complaints(reports) == ""


@pytest.mark.filterwarnings("ignore")
def test_a_report_of_a_study_of_odd_images_is_valid(complaints):
    images = list(odd_images())

    assert complaints(every_form(with_findings(images), "all")) == ""


@pytest.mark.filterwarnings("ignore")
def test_reports_of_real_images_are_valid(complaints, dicom_files):
    images = [dcmread(path) for path in dicom_files]
    analysed = [image for image in images if why_not_analysed(image) is None]

    assert analysed
    reports = {}
    for number, image in enumerate(analysed):
        reports |= every_form(with_a_finding(image), f"real {number}")
    assert complaints(reports) == ""


def test_a_report_that_takes_the_place_of_another_is_valid(complaints):
    images = views()
    reports = {}
    for form in CAD_REPORTS:
        earlier = cad(failed(images), form)
        cited = Document.of(Made(earlier, form))
        reports[f"later {form}"] = cad(with_findings(images), form, [cited])

    assert all("PredecessorDocumentsSequence" in report for report in reports.values())
    assert complaints(reports) == ""


@pytest.mark.timeout(900)  # PixelMed takes most of a minute a report on a busy machine
def test_reports_follow_their_templates(complaints):
    images = views()
    reports = {
        "partly": cad(partly(images), Kind.CAD_SR),
        "old": cad(with_findings(images), Kind.CAD_SR_SRT),
        "failed": cad(failed(images), Kind.CAD_SR),
        "marked and unknown": cad(marked([bare()]), Kind.CAD_SR),
        "measured": measured(partly(images), Kind.TID1500),
    }

    assert complaints(reports, "--templates") == ""


# Broken, and noticed


def report():
    return reread(cad(with_findings(views()), Kind.CAD_SR))


def without(item, name):
    item.ContentSequence = [one for one in item.ContentSequence if concept(one) != name]


def no_evidence(broken):
    del broken.CurrentRequestedProcedureEvidenceSequence


def no_verification_flag(broken):
    del broken.VerificationFlag


def no_number(broken):
    del named(broken, "Certainty of Finding")[0].MeasuredValueSequence


def unknown_graphic(broken):
    named(broken, "Center")[0].GraphicType = "BLOB"


def odd_coordinates(broken):
    named(broken, "Outline")[0].GraphicData = [1.0, 2.0, 3.0]


def reference_to_nothing(broken):
    reference = named(broken, "Center")[0].ContentSequence[0]
    reference.ReferencedContentItemIdentifier = [1, 9, 9]


def wrong_relationship(broken):
    named(broken, "Outline")[0].RelationshipType = "CONTAINS"


NOTICED = (
    (no_evidence, "dciodvfy", "is not listed in CurrentRequestedProcedureEvidenceSequence"),
    (no_verification_flag, "dciodvfy", "Required Element=<VerificationFlag>"),
    (no_verification_flag, "dicom-validator", "(Verification Flag) is missing"),
    (no_verification_flag, "dsrdump", "VerificationFlag (0040,a493) absent"),
    (no_number, "dciodvfy", "Required Element=<MeasuredValueSequence>"),
    (unknown_graphic, "dciodvfy", "Unrecognized enumerated value <BLOB>"),
    (odd_coordinates, "dsrdump", "GraphicData (0070,0022) VM != 2-2n"),
    (reference_to_nothing, "dsrdump", "by-reference relationship does not exist"),
    (wrong_relationship, "dsrdump", 'Cannot add "contains SCOORD" to CODE'),
)


def test_validators_notice_what_is_broken(complaints):
    broken = {breakage.__name__: report() for breakage, _, _ in NOTICED}
    for breakage in {one for one, _, _ in NOTICED}:
        breakage(broken[breakage.__name__])

    lines = complaints(broken).splitlines()

    for breakage, validator, complaint in NOTICED:
        start = f"{breakage.__name__}.dcm: {validator}: "
        assert any(line.startswith(start) and complaint in line for line in lines), start


@pytest.mark.timeout(600)
def test_pixelmed_notices_what_does_not_follow_the_template(complaints):
    broken = report()
    first, second, third = named(broken, "Single Image Finding")
    without(first, "Center")
    without(second, "Rendering Intent")
    third.ConceptCodeSequence[0].CodeValue = "4147007"
    (probability,) = named(third, "Probability of cancer")
    probability.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "1"
    without(broken, "Summary of Analyses")

    said = [
        line
        for line in complaints({"broken": broken}, "--templates").splitlines()
        if "broken.dcm: pixelmed: Error" in line
    ]

    for row, complaint in (
        ('[Row 1] SCOORD (111010,DCM,"Center")', "Missing required content item"),
        ('[Row 2] CODE (111056,DCM,"Rendering Intent")', "Missing required content item"),
        ('CODE (111059,DCM,"Single Image Finding")', "not found in context group 6014"),
        ('NUM (111047,DCM,"Probability of cancer")', ""),
        ('CODE (111065,DCM,"Summary of Analyses")', "Missing required content item"),
    ):
        assert any(row in line and complaint in line for line in said), row
