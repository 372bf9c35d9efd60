"""From an image to what a network says that it shows."""

import numpy as np
import pytest
from answering import Answering, card, classifier
from doubling import context, results_of
from phantoms import mammogram, tomosynthesis
from pydicom.uid import Comprehensive3DSRStorage
from reread import reread

from engines.card import Code, Label
from pipelines.classification import Classification
from pipelines.errors import CannotProcessError
from pipelines.results.provenance import is_ours

BENIGN = Label(name="benign")
MALIGNANT = Label(
    name="malignant", code=Code(value="86049000", scheme="SCT", meaning="Malignant neoplasm")
)
LABELS = (BENIGN, MALIGNANT)
PIPELINE = Classification("classification:plain", "plain")


def run(image, engine=None, **changes):
    engine = engine or classifier(0.25, 0.75, labels=LABELS)
    (report,) = results_of(PIPELINE, reread(image), context(engine, **changes))
    return reread(report)


def groups(report):
    return report.ContentSequence[-1].ContentSequence


def values(group, value_type):
    return {
        item.ConceptNameCodeSequence[0].CodeMeaning: item
        for item in group.ContentSequence
        if item.ValueType == value_type
    }


def test_an_image_becomes_a_report_with_a_probability_for_each_label():
    report = run(mammogram())

    assert report.SOPClassUID == Comprehensive3DSRStorage
    told = [
        (
            values(group, "CODE")["Finding"].ConceptCodeSequence[0].CodeMeaning,
            float(
                values(group, "NUM")["Certainty of Finding"].MeasuredValueSequence[0].NumericValue
            ),
        )
        for group in groups(report)
    ]
    assert told == [("benign", 25), ("Malignant neoplasm", 75)]


def test_a_label_has_the_code_of_its_card_else_a_private_one():
    found = [values(group, "CODE")["Finding"] for group in groups(run(mammogram()))]

    codes = [item.ConceptCodeSequence[0] for item in found]
    assert [(code.CodeValue, code.CodingSchemeDesignator) for code in codes] == [
        ("BENIGN", "99SENOSCOPE"),
        ("86049000", "SCT"),
    ]


def test_the_report_says_which_weights_said_so():
    group = groups(run(mammogram()))[0]

    told = {meaning: item.TextValue for meaning, item in values(group, "TEXT").items()}
    assert told["Algorithm Name"] == "plain"
    assert told["Algorithm Version"] == "3"
    assert told["Algorithm Parameters"] == f"weights sha256 {'0' * 64}"


def test_the_report_is_for_research_unverified_and_recognised_as_ours():
    report = run(mammogram())

    assert report.ContentQualification == "RESEARCH"
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert is_ours(report)


def test_the_same_answer_has_the_same_uid_and_another_answer_another():
    image = mammogram()

    first, again = run(image), run(image)
    other = run(image, classifier(0.5, 0.5, labels=LABELS))

    assert first == again
    assert other.SOPInstanceUID != first.SOPInstanceUID
    assert other.SeriesInstanceUID == first.SeriesInstanceUID


def test_another_image_of_the_series_has_another_uid():
    first, second = run(mammogram("LCC")), run(mammogram("LMLO"))

    assert first.SOPInstanceUID != second.SOPInstanceUID


def test_a_window_of_several_images_is_filled_as_the_card_says():
    def look(batch):
        return np.repeat(np.array([[0.25, 0.75]], np.float32), len(batch), axis=0)

    engine = Answering(card("classification", LABELS, batch=4), look)

    assert len(groups(run(mammogram(), engine))) == 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [((0.2, 0.3, 0.5), "answers"), ((float("nan"), 0.5), "no number")],
)
def test_an_answer_that_is_none_is_refused(answer, told):
    with pytest.raises(CannotProcessError, match=told):
        run(mammogram(), classifier(*answer, labels=LABELS))


def test_what_is_no_single_picture_is_skipped():
    assert PIPELINE.skips(mammogram()) is None
    assert "classified" in PIPELINE.skips(tomosynthesis())
    assert PIPELINE.skips(run(mammogram())) == "it is a result of this system"
