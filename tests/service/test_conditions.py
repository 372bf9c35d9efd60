"""Conditions on attributes within sequences, regular expressions, groups, and whole studies."""

import time
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import explicit
from pydantic import TypeAdapter, ValidationError
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset

from service.errors import BadObjectError
from service.router.conditions import Condition, When
from service.router.match import failure, study_failure, why_not
from service.router.patterns import is_risky
from service.router.routes import Route
from service.router.values import openly

MANUAL = Path(__file__).parents[2] / "docs" / "routes.md"


def header(**values) -> Dataset:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def coded(value: str, *modifiers: str) -> Dataset:
    return header(
        CodeValue=value, ViewModifierCodeSequence=[header(CodeValue=one) for one in modifiers]
    )


def asked(written: str) -> When:
    """Return the condition that is written so in TOML."""
    return TypeAdapter(When).validate_python(tomllib.loads(f"it = {written}")["it"])


IMAGE = header(
    Modality="MG",
    Rows=4096,
    ImageType=["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS"],
    StudyDescription="Screening bilateral",
    PatientSex="F",
    ViewPosition="",
    ViewCodeSequence=[coded("R-10242"), coded("R-10226", "R-102D5", "R-102D2")],
    PatientID="SECRET",
)
IMAGE.file_meta = FileMetaDataset()
IMAGE.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"

CONDITIONS = {
    '{ keyword = "ViewCodeSequence.CodeValue", any_of = ["R-10226"] }': "",
    '{ keyword = "ViewCodeSequence[1].CodeValue", any_of = ["R-10226"] }': "",
    '{ keyword = "ViewCodeSequence[0].CodeValue", any_of = ["R-10226"] }': (
        "ViewCodeSequence[0].CodeValue is something else, not R-10226"
    ),
    '{ keyword = "ViewCodeSequence[7].CodeValue", any_of = ["R-10226"] }': (
        "ViewCodeSequence[7].CodeValue is absent, not R-10226"
    ),
    '{ keyword = "ViewCodeSequence.ViewModifierCodeSequence.CodeValue", matches = "*D5" }': "",
    '{ keyword = "ViewCodeSequence.ViewModifierCodeSequence", present = true }': "",
    '{ keyword = "AnatomicRegionSequence.CodeValue", none_of = ["T-04000"] }': "",
    '{ keyword = "AnatomicRegionSequence", present = true }': (
        "AnatomicRegionSequence is absent, and must be there"
    ),
    '{ keyword = "ImageType[2]", none_of = ["TOMOSYNTHESIS"] }': (
        "ImageType[2] is TOMOSYNTHESIS, which is excluded"
    ),
    '{ keyword = "TransferSyntaxUID", any_of = ["1.2.840.10008.1.2.1"] }': "",
    '{ keyword = "ViewPosition", present = true }': "ViewPosition is absent, and must be there",
    '{ keyword = "ViewPosition", present = false }': "",
    '{ keyword = "Modality", present = false }': "Modality is MG, and must not be there",
    '{ keyword = "StudyDescription", regex = "^Screen" }': "",
    '{ keyword = "StudyDescription", regex = "bilat" }': "",
    '{ keyword = "StudyDescription", regex = "(?i)SCREENING" }': "",
    '{ keyword = "StudyDescription", regex = "^bilat" }': (
        "StudyDescription is something else, with nothing in it like the regex ^bilat"
    ),
    '{ keyword = "Modality", any_of = ["MG"], regex = "^C" }': (
        "Modality is MG, with nothing in it like the regex ^C"
    ),
    '{ any = [{ keyword = "Modality", any_of = ["CT"] }, { keyword = "Rows", min = 9 }] }': "",
    '{ any = [{ keyword = "Modality", any_of = ["CT"] }, { keyword = "Rows", max = 9 }] }': (
        "none of these holds (Modality is MG, not CT; Rows is 4096, not at most 9)"
    ),
    '{ all = [{ keyword = "Modality", any_of = ["MG"] }, { keyword = "Rows", max = 9 }] }': (
        "Rows is 4096, not at most 9"
    ),
    '{ not = { keyword = "Modality", any_of = ["CT"] } }': "",
    '{ not = { keyword = "Modality", any_of = ["MG"] } }': "Modality is MG, which is excluded",
    '{ not = { keyword = "PatientSex", any_of = ["F"] } }': (
        "PatientSex is something else, which is excluded"
    ),
    '{ not = { not = { keyword = "Modality", any_of = ["CT"] } } }': "Modality is MG, not CT, "
    "which is excluded",
    '{ not = { any = [{ keyword = "Modality", any_of = ["CT"] },'
    ' { keyword = "Rows", min = 9 }] } }': ("Rows is 4096, which is excluded"),
}


@pytest.mark.parametrize("written", CONDITIONS)
def test_a_condition_holds_or_says_why_not_without_a_word_about_the_patient(written):
    assert failure(asked(written), IMAGE) == CONDITIONS[written]


def test_a_person_who_may_see_values_is_told_them():
    condition = asked('{ keyword = "PatientSex", any_of = ["M"] }')

    assert failure(condition, IMAGE, openly) == "PatientSex is F, not M"


NO_CONDITIONS = {
    '{ keyword = "ViewCodeSequnce.CodeValue", present = true }': "no such DICOM keyword",
    '{ keyword = "Modality.CodeValue", present = true }': "Modality is no sequence",
    '{ keyword = "ViewCodeSequence", any_of = ["a"] }': "only present can be asked of it",
    '{ keyword = "PixelData", present = true }': "bulk data",
    '{ keyword = "Modality", regex = "M(G" }': "missing ), at its character 4",
    f'{{ keyword = "Modality", regex = "{"M" * 300}" }}': "longer than 256 characters",
    '{ keyword = "Rows", min = 5, max = 4 }': "min is above max",
    '{ keyword = "ViewCodeSequence[x].CodeValue", present = true }': "no such DICOM keyword",
    '{ keyword = "Modality..Rows", present = true }': "no such DICOM keyword",
    "{ any = [] }": "at least 1 item",
    '{ not = [{ keyword = "Modality", present = true }] }': "valid dictionary",
    '"Modality"': "valid dictionary",
    '{ any = [{ keyword = "Modality" }] }': "no test",
}


@pytest.mark.parametrize("written", NO_CONDITIONS)
def test_what_cannot_be_meant_is_no_condition(written):
    with pytest.raises(ValidationError) as caught:
        asked(written)

    assert NO_CONDITIONS[written] in str(caught.value)


def test_a_regex_that_runs_out_of_time_fails_with_that_as_its_reason_and_holds_nothing_up():
    slow = Condition(keyword="ImageComments", regex=r"(\w+\s?)*$")
    image = header(ImageComments="a" * 1000 + "!")
    started = time.perf_counter()

    told = [failure(slow, image), study_failure(slow, [image])]

    assert "its regex ran out of time" in told[0]
    assert "its regex ran out of time" in told[1]
    assert time.perf_counter() - started < 5


def test_many_values_share_the_time_of_one_regex():
    slow = Condition(keyword="ImageComments", regex=r"(\w+\s?)*!$")
    many = header(ImageComments="x")
    many["ImageComments"].value = ["a" * 60 + "?"] * 200
    started = time.perf_counter()

    failure(slow, many)

    assert time.perf_counter() - started < 5


def test_a_value_that_is_too_long_for_a_regex_fails_it():
    long = header(ImageComments="a" * 2000)

    told = failure(Condition(keyword="ImageComments", regex="a"), long)

    assert (
        told == "ImageComments is something else, too long for a regex: more than 1024 characters"
    )


@pytest.mark.parametrize(
    ("pattern", "risky"),
    [
        (r"(a+)+$", True),
        (r"(a|aa)+$", True),
        (r"MAMMO(\w+\s?)*$", True),
        (r"^SCREEN(ING)?$", False),
        (r"(?i)\bbiopsy\b", False),
        (r"^[A-Z]{2,4}-\d+$", False),
        (r"(R|L)(CC|MLO)+", False),
    ],
)
def test_a_pattern_that_some_text_may_keep_busy_is_told_from_others(pattern, risky):
    assert is_risky(pattern) is risky


CC, MLO, CT = (
    header(Modality=modality, ViewPosition=view, BreastImplantPresent=implant)
    for modality, view, implant in (("MG", "CC", "NO"), ("MG", "MLO", "YES"), ("CT", "", ""))
)

STUDIES = {
    '{ keyword = "ViewPosition", any_of = ["MLO"] }': "",
    '{ keyword = "ViewPosition", any_of = ["XCCL"] }': (
        "on no image: ViewPosition is CC, not XCCL; ViewPosition is MLO, not XCCL; "
        "ViewPosition is absent, not XCCL"
    ),
    '{ all = [{ keyword = "ViewPosition", any_of = ["CC"] },'
    ' { keyword = "ViewPosition", any_of = ["MLO"] }] }': "",
    '{ not = { keyword = "BreastImplantPresent", any_of = ["YES"] } }': (
        "BreastImplantPresent is YES, which is excluded"
    ),
    '{ not = { keyword = "Modality", any_of = ["US"] } }': "",
    '{ not = { not = { keyword = "Modality", any_of = ["CT"] } } }': "",
}


@pytest.mark.parametrize("written", STUDIES)
def test_a_condition_on_a_study_holds_where_one_image_meets_it(written):
    assert study_failure(asked(written), [CC, MLO, CT]) == STUDIES[written]


def test_a_condition_on_a_study_of_which_nothing_can_be_read_fails():
    condition = asked('{ keyword = "Modality", any_of = ["MG"] }')

    assert study_failure(condition, []) == "on no image: none can be read"


def test_one_image_that_cannot_be_read_does_not_refuse_a_study():
    condition = asked('{ keyword = "ViewCodeSequence.CodeValue", any_of = ["X"] }')
    broken = dcmread(BytesIO(explicit(0x00280010, b"US", b"")[:6] + b"\3\0\1\2\3"), force=True)
    rows = asked('{ keyword = "Rows", min = 1 }')

    with pytest.raises(BadObjectError, match="Rows"):
        failure(rows, broken)
    assert study_failure(rows, [broken, IMAGE]) == ""
    assert "the value of Rows cannot be read" in study_failure(rows, [broken])
    assert study_failure(condition, [broken]).startswith("on no image: ViewCodeSequence.CodeValue")


def test_a_route_asks_all_its_conditions_of_whatever_kind():
    route = Route(
        name="r",
        when=[{"not": {"keyword": "Modality", "any_of": ["MG"]}}],
        pipelines=["p"],
        send_to=["d"],
    )

    assert why_not(route, IMAGE, "X") == "Modality is MG, which is excluded"


@pytest.mark.parametrize("number", range(2, 5))
def test_the_examples_of_the_manual_are_good(number):
    text = MANUAL.read_text().split("## Conditions")[1].split("```toml\n")[number - 1]
    (conditions,) = tomllib.loads(text.split("```")[0]).values()

    assert [TypeAdapter(When).validate_python(one) for one in conditions]


leaves = st.sampled_from(
    [
        {"keyword": "Modality", "any_of": ["MG"]},
        {"keyword": "ViewPosition", "any_of": ["CC"]},
        {"keyword": "ViewPosition", "present": True},
        {"keyword": "BreastImplantPresent", "none_of": ["YES"]},
    ]
)
groups = st.recursive(
    leaves,
    lambda inner: (
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=8,
)


@given(written=groups, image=st.sampled_from([CC, MLO, CT]))
def test_a_group_and_what_is_not_in_it_never_both_hold_and_one_does(written, image):
    yes = TypeAdapter(When).validate_python(written)
    no = TypeAdapter(When).validate_python({"not": written})

    assert bool(failure(yes, image)) != bool(failure(no, image))
    assert bool(study_failure(yes, [image])) != bool(study_failure(no, [image]))
