import subprocess
from datetime import UTC, datetime

import pytest
from examined import (
    CARDS,
    CLASSIFIER,
    DETECTOR,
    OUTCOMES,
    SEGMENTER,
    bare,
    below,
    cad,
    failed,
    finding,
    marked,
    named,
    partly,
    said,
    value,
    views,
    with_findings,
    without,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from phantoms import mammogram
from pydicom.uid import MammographyCADSRStorage
from reread import reread, written

from pipelines.kinds import CAD_REPORTS, Kind, Made
from pipelines.pipeline import Document
from pipelines.results.codes import Code, item_of
from pipelines.results.lesions import Reading
from pipelines.results.provenance import DISCLAIMER, is_ours

SUMMARY = "CAD Processing and Findings Summary"
MASS = "Mammography breast density"
IMAGE = mammogram()


@pytest.fixture(scope="module")
def images():
    right_cc, left_cc, right_mlo, left_mlo = views()
    return [left_cc, left_mlo, right_cc, right_mlo]


def report_of(readings, form=Kind.CAD_SR, predecessors=(), **changes):
    return reread(cad(readings, form, predecessors, **changes))


def at(report, place):
    """Return the item that a reference points at."""
    root, *children = place
    assert root == 1
    item = report
    for child in children:
        item = item.ContentSequence[child - 1]
    return item


def referred(report, item):
    """Return the SOP Instance UIDs of the images that the references of `item` point at."""
    places = [
        child.ReferencedContentItemIdentifier
        for child in item.ContentSequence
        if "ReferencedContentItemIdentifier" in child
    ]
    return [at(report, place).ReferencedSOPSequence[0].ReferencedSOPInstanceUID for place in places]


def impression(report):
    (text,) = said(report, "Impression Description")
    return text


def findings_of(report):
    return named(report, "Single Image Finding")


# The document


def test_the_report_is_of_the_study_and_of_research(images):
    report = report_of(with_findings(images))

    assert report.SOPClassUID == MammographyCADSRStorage
    assert report.StudyInstanceUID == images[0].StudyInstanceUID
    assert report.PatientID == images[0].PatientID
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "4000"
    assert report.Modality == "SR"
    assert (report.SeriesNumber, report.SeriesDescription) == (9201, "AI mammography CAD RESEARCH")
    assert (report.PreliminaryFlag, report.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    assert report.ContentQualification == "RESEARCH"
    assert report.CompletionFlagDescription == DISCLAIMER
    assert impression(report).startswith(DISCLAIMER)
    assert is_ours(report)


def test_all_images_are_evidence_and_each_series_is_named_once(images):
    report = report_of(with_findings(images))

    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    series = [one.SeriesInstanceUID for one in study.ReferencedSeriesSequence]
    cited = [
        instance.ReferencedSOPInstanceUID
        for one in study.ReferencedSeriesSequence
        for instance in one.ReferencedSOPSequence
    ]
    assert len(series) == len(set(series))
    assert sorted(cited) == sorted(image.SOPInstanceUID for image in images)


def test_it_is_dated_when_the_job_was_created(images):
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

    report = report_of(without(images), made_at=moment)

    assert (report.ContentDate, report.ContentTime) == ("20260304", "050607")


# What came of it


@pytest.mark.parametrize(
    ("outcome", "summary", "detections", "analyses"),
    [
        ("findings", "All algorithms succeeded; with findings", "Succeeded", "Succeeded"),
        ("none", "All algorithms succeeded; without findings", "Succeeded", "Not Attempted"),
        (
            "partly",
            "Not all algorithms succeeded; with findings",
            "Partially Succeeded",
            "Succeeded",
        ),
        (
            "partly-none",
            "Not all algorithms succeeded; without findings",
            "Partially Succeeded",
            "Not Attempted",
        ),
        ("failed", "No algorithms succeeded; without findings", "Failed", "Not Attempted"),
        ("marked", "All algorithms succeeded; with findings", "Not Attempted", "Succeeded"),
    ],
)
def test_every_outcome_has_its_codes(images, outcome, summary, detections, analyses):
    report = report_of(OUTCOMES[outcome](images))

    assert said(report, SUMMARY) == [summary]
    assert said(report, "Summary of Detections") == [detections]
    assert said(report, "Summary of Analyses") == [analyses]


def test_images_are_listed_by_what_succeeded_on_them(images):
    report = report_of(partly(images))

    (succeeded,) = named(named(report, "Successful Detections")[0], "Detection Performed")
    (broken,) = named(named(report, "Failed Detections")[0], "Detection Performed")
    (judged,) = named(report, "Analysis Performed")
    uids = [image.SOPInstanceUID for image in images]
    assert referred(report, succeeded) == uids[:3]
    assert referred(report, broken) == uids[3:]
    assert referred(report, judged) == uids[:2]


def test_a_failed_image_in_which_regions_were_marked_is_a_failed_analysis(images):
    readings = [*marked(images), Reading(images[1], (), "NETWORK", is_marked=True)]

    report = report_of(readings)

    assert said(report, "Summary of Analyses") == ["Partially Succeeded"]
    assert said(report, "Summary of Detections") == ["Not Attempted"]
    assert said(report, SUMMARY) == ["Not all algorithms succeeded; with findings"]


def test_where_all_marked_images_fail_the_analyses_failed_and_no_detection(images):
    report = report_of([Reading(image, (), "NETWORK", is_marked=True) for image in images])

    assert said(report, "Summary of Detections") == ["Not Attempted"]
    assert said(report, "Summary of Analyses") == ["Failed"]


def test_a_study_without_findings_says_so_in_words(images):
    words = impression(report_of(without(images)))

    assert "4 of 4 images analysed." in words
    assert "No findings." in words


def test_a_study_that_failed_says_that_it_was_not_analysed_and_why(images):
    words = impression(report_of(failed(images)))

    assert "Not analysed (code PIXELS): none of 4 images." in words
    assert "No findings" not in words


def test_an_image_that_failed_is_named_with_its_code(images):
    words = impression(report_of(partly(images)))

    assert "3 of 4 images analysed." in words
    assert "Not analysed (code PIXELS): image 4 (Right breast, medio-lateral oblique)." in words


def test_findings_are_counted_in_words(images):
    words = impression(report_of(with_findings(images)))

    assert "3 findings (masses), 2 at or above the operating point." in words


def test_findings_on_both_views_of_a_breast_are_told_together(images):
    words = impression(report_of(with_findings(images)))

    assert (
        "Left breast: findings on 2 images (Lesion 1, Lesion 2 on image 1 (Left breast, "
        "cranio-caudal); Lesion 3 on image 2 (Left breast, medio-lateral oblique)). "
        "Whether they are of the same lesion was not determined."
    ) in words
    assert "Right breast: " not in words


def test_findings_on_different_breasts_are_not_told_together(images):
    first, _, third, _ = images

    words = impression(report_of([Reading(first, [finding()]), Reading(third, [finding()])]))

    assert "same lesion" not in words


def test_regions_that_were_marked_are_said_to_be_all_that_was_analysed(images):
    assert "Only regions that were marked beforehand" in impression(report_of(marked(images)))
    assert "marked" not in impression(report_of(with_findings(images)))


# The images


def test_an_image_says_what_is_known_of_it(images):
    entry = named(report_of(without(images)), "Image Library")[0].ContentSequence[1]

    (view,) = named(entry, "Image View")
    spacing = float(images[1].ImagerPixelSpacing[0])
    assert entry.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == images[1].SOPInstanceUID
    assert said(entry, "Image Laterality") == ["Left breast"]
    assert value(view) == "medio-lateral oblique"
    assert said(entry, "Patient Orientation Row") == ["A"]
    assert said(entry, "Patient Orientation Column") == ["FR"]
    assert said(entry, "Study Date") == [images[1].StudyDate]
    assert said(entry, "Content Time") == [images[1].ContentTime]
    assert said(entry, "Horizontal Pixel Spacing") == pytest.approx([1000 * spacing])


def test_an_image_of_which_nothing_is_known_is_listed_all_the_same():
    image = bare()
    for keyword in ("StudyDate", "StudyTime", "ContentDate", "ContentTime"):
        delattr(image, keyword)

    report = report_of([Reading(image, [finding()])])

    (library,) = named(report, "Image Library")
    assert [one.ValueType for one in below(library)] == ["IMAGE"]
    assert named(report, "Area of defined region") == []
    assert len(findings_of(report)) == 1


def test_modifiers_of_a_view_are_kept_as_far_as_they_are_legal():
    image = mammogram()
    image.ViewCodeSequence[0].ViewModifierCodeSequence = [
        item_of(Code("R-102D6", "SRT", "Magnification")),
        item_of(Code("X", "99VENDOR", "Something else")),
    ]

    for form, code in ((Kind.CAD_SR, "399163009"), (Kind.CAD_SR_SRT, "R-102D6")):
        report = report_of([Reading(image)], form)
        (modifier,) = named(report, "Image View Modifier")
        assert modifier.ConceptCodeSequence[0].CodeValue == code


# The findings


def test_a_finding_says_where_how_sure_and_how_large_it_is(images):
    report = report_of(with_findings(images))

    first = findings_of(report)[0]
    (centre,), (outline,) = named(first, "Center"), named(first, "Outline")
    spacing = float(images[0].ImagerPixelSpacing[0])
    assert value(first) == MASS
    assert (centre.GraphicType, list(centre.GraphicData)) == ("POINT", [60, 80])
    assert outline.GraphicType == "POLYLINE"
    assert list(outline.GraphicData) == [50, 75, 70, 75, 70, 85, 50, 85, 50, 75]
    assert referred(report, centre) == referred(report, outline) == [images[0].SOPInstanceUID]
    assert said(first, "Certainty of Finding") == [90]
    assert said(first, "Probability of cancer") == [75]
    assert said(first, "Area of defined region") == [pytest.approx(200 * spacing**2, abs=0.005)]


def test_every_finding_points_at_its_own_image(images):
    report = report_of(with_findings(images))

    where = [referred(report, named(one, "Center")[0])[0] for one in findings_of(report)]
    assert where == [images[0].SOPInstanceUID] * 2 + [images[1].SOPInstanceUID]


def test_suspicious_findings_are_to_be_shown_and_the_others_may_be(images):
    report = report_of(with_findings(images))

    assert [said(one, "Rendering Intent")[0].partition(":")[0] for one in findings_of(report)] == [
        "Presentation Required",
        "Presentation Optional",
        "Presentation Required",
    ]
    for group in named(report, "Individual Impression/Recommendation"):
        assert len(set(said(group, "Rendering Intent"))) == 1


def test_a_finding_bears_the_name_and_the_uid_of_its_lesion(images):
    reports = [report_of(with_findings(images), form) for form in CAD_REPORTS]

    for report in reports:
        assert said(report, "Tracking Identifier") == ["Lesion 1", "Lesion 2", "Lesion 3"]
    assert said(reports[0], "Tracking Unique Identifier") == said(
        reports[1], "Tracking Unique Identifier"
    )


def test_a_finding_in_a_marked_region_has_no_certainty_and_no_detector(images):
    (only,) = findings_of(report_of(marked(images)))

    assert said(only, "Certainty of Finding") == []
    assert said(only, "Algorithm Name") == [SEGMENTER.name]


def test_models_are_named_with_their_weights(images):
    report = report_of(with_findings(images))

    (summary,) = named(report, SUMMARY)
    own = [one for one in summary.ContentSequence if one.RelationshipType == "HAS PROPERTIES"]
    names = [one.TextValue for one in own if one.ConceptNameCodeSequence[0].CodeValue == "111001"]
    first = findings_of(report)[0]
    assert names == [card.name for card in CARDS]
    assert said(first, "Algorithm Name") == [DETECTOR.name]
    weights, judged = said(first, "Algorithm Parameters")
    assert weights == f"weights sha256 {DETECTOR.sha256}"
    assert judged == f"probability by judge 3, weights sha256 {CLASSIFIER.sha256}"
    (performed,) = named(report, "Detection Performed")
    assert "0.3 4 0.5" in said(performed, "Algorithm Parameters")


def test_outlines_end_at_the_edges_of_the_image(images):
    report = report_of([Reading(images[0], [finding(2, 254)])])

    (outline,) = named(report, "Outline")
    x, y = outline.GraphicData[::2], outline.GraphicData[1::2]
    assert (min(x), max(y)) == (0, images[0].Rows)


# Its codes


def codes(report):
    for item in report.iterall():
        if item.VR == "SQ":
            yield from (one for one in item.value if "CodingSchemeDesignator" in one)


def test_the_form_for_old_workstations_is_all_in_old_codes(images):
    old, new = (report_of(with_findings(images), form) for form in (Kind.CAD_SR_SRT, Kind.CAD_SR))

    assert "SRT" not in {code.CodingSchemeDesignator for code in codes(new)}
    assert "SCT" not in {code.CodingSchemeDesignator for code in codes(old)}
    assert findings_of(old)[0].ConceptCodeSequence[0].CodeValue == "F-01796"
    assert [value(one) for one in below(old) if "ConceptCodeSequence" in one] == [
        value(one) for one in below(new) if "ConceptCodeSequence" in one
    ]
    assert old.SeriesNumber == 9202


# Its identity


def test_the_same_findings_give_the_same_bytes(images):
    for form in CAD_REPORTS:
        assert written(cad(with_findings(images), form)) == written(
            cad(with_findings(images), form)
        )


def test_every_outcome_form_and_model_has_a_uid_of_its_own(images):
    reports = [cad(of(images), form) for of in OUTCOMES.values() for form in CAD_REPORTS]
    newer = (*CARDS[:-1], CLASSIFIER.model_copy(update={"version": "4"}))
    reports.append(cad(with_findings(images), Kind.CAD_SR, cards=newer))

    uids = [report.SOPInstanceUID for report in reports]
    assert len(set(uids)) == len(uids)


def test_reports_of_one_form_and_recipe_are_in_one_series(images):
    one, other = cad(failed(images), Kind.CAD_SR), cad(with_findings(images), Kind.CAD_SR)
    old = cad(with_findings(images), Kind.CAD_SR_SRT)

    assert one.SeriesInstanceUID == other.SeriesInstanceUID != old.SeriesInstanceUID


@settings(max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1))
def test_whatever_is_stated_otherwise_has_another_uid(here, there):
    def uid(probability):
        reading = Reading(IMAGE, [finding(probability=probability)])
        return cad([reading], Kind.CAD_SR).SOPInstanceUID

    assert (uid(here) == uid(there)) == (round(100 * here, 2) == round(100 * there, 2))


def test_a_report_takes_the_place_of_the_one_that_it_was_not_analysed(images):
    earlier = cad(failed(images), Kind.CAD_SR)
    others = cad(failed(images), Kind.CAD_SR_SRT)
    given_ = [Document.of(Made(earlier, Kind.CAD_SR)), Document.of(Made(others, Kind.CAD_SR_SRT))]

    later = report_of(with_findings(images), Kind.CAD_SR, given_)

    (study,) = later.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (cited,) = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == images[0].StudyInstanceUID
    assert series.SeriesInstanceUID == earlier.SeriesInstanceUID
    assert cited.ReferencedSOPInstanceUID == earlier.SOPInstanceUID
    assert cited.ReferencedSOPClassUID == MammographyCADSRStorage
    assert later.SOPInstanceUID != earlier.SOPInstanceUID
    assert later.SOPInstanceUID != cad(with_findings(images), Kind.CAD_SR).SOPInstanceUID


def test_a_report_that_replaces_none_cites_none(images):
    assert "PredecessorDocumentsSequence" not in report_of(with_findings(images))


# How others read it


def read_by_dcmtk(report, tmp_path):
    path = tmp_path / "report.dcm"
    report.save_as(path, enforce_file_format=True)
    done = subprocess.run(
        ["dsrdump", "+U8", "-q", "+Pl", path], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_others_read_what_a_radiologist_needs(images, tmp_path):
    text = read_by_dcmtk(cad(with_findings(images), Kind.CAD_SR), tmp_path)

    for line in (
        "Mammography CAD SR Document",
        "Preliminary Flag    : PRELIMINARY",
        'Findings Summary")=(111242,DCM,"All algorithms succeeded; with findings")',
        'Single Image Finding")=(129793001,SCT,"Mammography breast density")',
        'Tracking Identifier")="Lesion 1"',
        'Certainty of Finding")="90" (%,UCUM,"Percent")',
        'Probability of cancer")="12.5" (%,UCUM,"Percent")',
        'Center")=(POINT,60/80)',
        "<selected from 1.2.1>",
        'Summary of Detections")=(111222,DCM,"Succeeded")',
        DISCLAIMER,
    ):
        assert line in text


def test_others_read_that_a_study_was_not_analysed(images, tmp_path):
    text = read_by_dcmtk(cad(failed(images), Kind.CAD_SR), tmp_path)

    assert "Not analysed (code PIXELS)" in text
    assert 'Summary of Detections")=(111224,DCM,"Failed")' in text
    assert "Single Image Finding" not in text


def test_a_view_that_is_stated_in_a_word_alone_is_in_the_library():
    image = mammogram("RMLO")
    del image.ViewCodeSequence

    report = report_of([Reading(reread(image))])

    (view,) = named(report, "Image View")
    assert value(view) == "medio-lateral oblique"
