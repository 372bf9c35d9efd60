import subprocess

import numpy as np
import pytest
from examined import (
    CARDS,
    CLASSIFIER,
    DETECTOR,
    OUTCOMES,
    SEGMENTER,
    bare,
    failed,
    finding,
    marked,
    measured,
    named,
    partly,
    said,
    value,
    views,
    with_findings,
    without,
)
from phantoms import mammogram
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage, EnhancedSRStorage
from reread import reread, written

from pipelines.kinds import REPORTS, Kind
from pipelines.results.lesions import Reading
from pipelines.results.provenance import DISCLAIMER, is_ours

SUMMARY = "CAD Processing and Findings Summary"


@pytest.fixture(scope="module")
def images():
    return views()


def report_of(readings, form=Kind.TID1500, **changes):
    return reread(measured(readings, form, **changes))


def groups_of(report):
    return named(report, "Measurement Group")


def of_lesions(report):
    return [group for group in groups_of(report) if named(group, "Image Region")]


def of_images(report):
    return [group for group in groups_of(report) if not named(group, "Image Region")]


def image_in(item):
    (reference,) = item.ReferencedSOPSequence
    return reference.ReferencedSOPInstanceUID


# The document


def test_the_report_is_of_the_study_and_of_research(images):
    report = report_of(with_findings(images))

    assert report.StudyInstanceUID == images[0].StudyInstanceUID
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert (report.SeriesNumber, report.SeriesDescription) == (9206, "AI findings RESEARCH")
    assert (report.PreliminaryFlag, report.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    assert report.ContentQualification == "RESEARCH"
    assert report.CompletionFlagDescription == DISCLAIMER
    assert is_ours(report)


def test_every_form_is_of_its_class_and_says_the_same(images):
    made = [report_of(with_findings(images), form) for form in REPORTS]

    assert [report.SOPClassUID for report in made] == [
        Comprehensive3DSRStorage,
        ComprehensiveSRStorage,
        EnhancedSRStorage,
    ]
    first, *others = [report.ContentSequence for report in made]
    assert all(other == first for other in others)


def test_all_images_are_evidence_once(images):
    (study,) = report_of(with_findings(images)).CurrentRequestedProcedureEvidenceSequence

    cited = [
        image_in_series.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for image_in_series in series.ReferencedSOPSequence
    ]
    assert sorted(cited) == sorted(image.SOPInstanceUID for image in images)


def test_every_image_is_listed_as_it_was_taken(images):
    (library,) = named(report_of(without(images)), "Image Library Group")

    entries = library.ContentSequence
    assert [image_in(entry) for entry in entries] == [image.SOPInstanceUID for image in images]
    assert said(library, "Image Laterality") == ["Right", "Left", "Right", "Left"]
    assert said(library, "Image View") == ["cranio-caudal"] * 2 + ["medio-lateral oblique"] * 2
    assert said(library, "Patient Orientation Column") == ["L", "R", "FL", "FR"]
    assert said(library, "Modality") == ["Mammography"] * 4


def test_an_image_of_which_little_is_known_is_not_listed_as_another_one_was_taken(images):
    report = report_of(without([images[0], bare()]))

    (library,) = named(report, "Image Library Group")
    first, second = library.ContentSequence
    assert said(first, "Image Laterality") == ["Right"]
    assert [value(one) for one in second.ContentSequence] == ["Mammography"]


# Lesions


def test_a_lesion_says_where_what_and_how_sure(images):
    first = of_lesions(report_of(with_findings(images)))[0]

    (region,), (site,) = named(first, "Image Region"), named(first, "Finding Site")
    (probability,) = named(first, "Probability of cancer")
    spacing = float(images[0].ImagerPixelSpacing[0])
    assert region.GraphicType == "POLYLINE"
    assert list(region.GraphicData) == [50, 75, 70, 75, 70, 85, 50, 85, 50, 75]
    assert image_in(region.ContentSequence[0]) == images[0].SOPInstanceUID
    assert region.ContentSequence[0].RelationshipType == "SELECTED FROM"
    assert said(first, "Finding") == ["Mass"]
    assert (value(site), said(site, "Laterality")) == ("Breast", ["Right"])
    assert said(first, "Area of defined region") == [pytest.approx(200 * spacing**2, abs=0.005)]
    assert said(first, "Certainty of Finding") == [90]
    assert value(probability) == 75
    assert said(first, "Algorithm Name") == [DETECTOR.name, CLASSIFIER.name]
    assert said(probability, "Algorithm Parameters") == [f"weights sha256 {CLASSIFIER.sha256}"]


def test_what_a_network_answers_in_single_precision_is_stated_to_two_decimals(images):
    found = finding(probability=np.float32(0.74994), certainty=np.float32(1 / 3))

    (group,) = of_lesions(report_of([Reading(images[0], [found])]))

    numbers = [named(group, name)[0] for name in ("Probability of cancer", "Certainty of Finding")]
    assert [one.MeasuredValueSequence[0].NumericValue for one in numbers] == ["74.99", "33.33"]


def test_every_lesion_is_drawn_on_its_own_image_and_on_its_own_side(images):
    groups = of_lesions(report_of(with_findings(images)))

    where = [image_in(named(group, "Image Region")[0].ContentSequence[0]) for group in groups]
    assert where == [images[0].SOPInstanceUID] * 2 + [images[1].SOPInstanceUID]
    assert [said(group, "Laterality") for group in groups] == [["Right"], ["Right"], ["Left"]]


def test_a_lesion_says_on_which_side_of_the_operating_point_it_is(images):
    groups = of_lesions(report_of(with_findings(images)))

    classes = [named(group, "AI class of the finding")[0] for group in groups]
    codes = [one.ConceptCodeSequence[0] for one in classes]
    assert [code.CodeValue for code in codes] == ["SUSPICIOUS", "LOWRISK", "SUSPICIOUS"]
    assert {code.CodingSchemeDesignator for code in codes} == {"99SENOSCOPE"}


def test_a_private_code_comes_with_its_scheme(images):
    (scheme,) = report_of(with_findings(images)).CodingSchemeIdentificationSequence

    assert scheme.CodingSchemeDesignator == "99SENOSCOPE"


def test_without_spacing_there_is_no_area_and_without_a_side_no_laterality():
    (group,) = of_lesions(report_of([Reading(bare(), [finding()])]))

    assert named(group, "Area of defined region") == []
    assert said(group, "Finding Site") == ["Breast"]
    assert named(group, "Laterality") == []
    assert said(group, "Probability of cancer") == [75]


def test_a_marked_lesion_has_no_certainty_and_no_detector(images):
    report = report_of(marked(images))

    (group,), (image,) = of_lesions(report), of_images(report)
    assert named(group, "Certainty of Finding") == []
    assert said(group, "Algorithm Name") == [SEGMENTER.name, CLASSIFIER.name]
    assert said(image, "Comment") == ["Findings: Lesion 1. Only marked regions were analysed."]


# Images


def test_an_empty_image_can_be_told_from_one_that_was_not_analysed(images):
    groups = of_images(report_of(partly(images)))

    assert [image_in(named(group, "Source of Measurement")[0]) for group in groups] == [
        image.SOPInstanceUID for image in images
    ]
    assert [said(group, "Comment")[0] for group in groups] == [
        "Findings: Lesion 1, Lesion 2.",
        "Findings: Lesion 3.",
        "No findings.",
        "Not analysed (code PIXELS).",
    ]
    assert [said(group, SUMMARY)[0] for group in groups] == [
        "All algorithms succeeded; with findings",
        "All algorithms succeeded; with findings",
        "All algorithms succeeded; without findings",
        "No algorithms succeeded; without findings",
    ]


def test_a_study_that_failed_says_so_of_every_image(images):
    groups = groups_of(report_of(failed(images)))

    assert [said(group, "Comment") for group in groups] == [["Not analysed (code PIXELS)."]] * 4


def test_every_group_can_be_found_again_by_a_uid_of_its_own(images):
    report = report_of(with_findings(images))

    uids = [said(group, "Tracking Unique Identifier") for group in groups_of(report)]
    assert all(len(one) == 1 for one in uids)
    assert len({one[0] for one in uids}) == len(uids) == 7


def test_groups_of_images_have_no_numbers_that_some_viewers_would_look_for_regions_of(images):
    for group in of_images(report_of(with_findings(images))):
        assert not [one for one in group.ContentSequence if one.ValueType == "NUM"]


# Identity


def test_the_same_findings_give_the_same_bytes(images):
    for form in REPORTS:
        assert written(measured(with_findings(images), form)) == written(
            measured(with_findings(images), form)
        )


def test_every_outcome_form_and_model_has_a_uid_of_its_own(images):
    made = [measured(of(images), form) for of in OUTCOMES.values() for form in REPORTS]
    newer = (*CARDS[:-1], CLASSIFIER.model_copy(update={"version": "4"}))
    made.append(measured(with_findings(images), Kind.TID1500, cards=newer))
    made.append(measured(without([mammogram()]), Kind.TID1500))

    uids = [report.SOPInstanceUID for report in made]
    assert len(set(uids)) == len(uids)


def test_empty_reports_of_different_images_have_uids_of_their_own(images):
    one, other = (measured(without(some), Kind.TID1500) for some in (images[:1], images[1:2]))

    assert one.SOPInstanceUID != other.SOPInstanceUID


# How others read it


@pytest.mark.parametrize("form", REPORTS)
def test_others_read_what_a_radiologist_needs(images, tmp_path, form):
    path = tmp_path / "report.dcm"
    measured(partly(images), form).save_as(path, enforce_file_format=True)

    text = subprocess.run(
        ["dsrdump", "+U8", "-q", "+Pl", path], capture_output=True, text=True, check=True
    ).stdout

    for line in (
        'Tracking Identifier")="Lesion 1"',
        'Finding")=(4147007,SCT,"Mass")',
        'Laterality")=(24028007,SCT,"Right")',
        'Image Region")=(POLYLINE,50/75,',
        'Probability of cancer")="75" (%,UCUM,"Percent")',
        'Certainty of Finding")="90" (%,UCUM,"Percent")',
        '(mm2,UCUM,"Square millimeter")',
        '(SUSPICIOUS,99SENOSCOPE,"At or above the operating point (suspicious)")',
        'Comment")="No findings."',
        'Comment")="Not analysed (code PIXELS)."',
        DISCLAIMER,
    ):
        assert line in text
