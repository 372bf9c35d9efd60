"""Which images take which routes, and why not."""

from io import BytesIO

import pytest
from loopback import explicit
from pydicom import Dataset, dcmread

from service.errors import BadObjectError
from service.router.conditions import Condition
from service.router.match import failure, matches, why_not
from service.router.routes import Route


def header(**values) -> Dataset:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def route(*when: Condition, calling: tuple[str, ...] = ("*",)) -> Route:
    return Route(name="r", calling=calling, when=when, pipelines=("p",), send_to=("d",))


MAMMOGRAM = header(
    Modality="MG",
    Rows=4096,
    ImageType=["ORIGINAL", "PRIMARY"],
    StudyDescription="SCREENING MAMMO BILATERAL",
    PatientSex="F",
    ExposureTime="",
)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (Condition(keyword="Modality", any_of=("MG", "DX")), ""),
        (Condition(keyword="Modality", any_of=("CT", "MR")), "Modality is MG, not CT or MR"),
        (Condition(keyword="Modality", any_of=("mg",)), "Modality is MG, not mg"),
        (Condition(keyword="Modality", none_of=("CT",)), ""),
        (Condition(keyword="Modality", none_of=("MG",)), "Modality is MG, which is excluded"),
        (Condition(keyword="ImageType", any_of=("PRIMARY",)), ""),
        (
            Condition(keyword="ImageType", none_of=("PRIMARY",)),
            "ImageType is ORIGINAL and PRIMARY, which is excluded",
        ),
        (Condition(keyword="StudyDescription", matches="*MAMMO*"), ""),
        (
            Condition(keyword="StudyDescription", matches="MAMMO*"),
            "StudyDescription is something else, not like MAMMO*",
        ),
        (Condition(keyword="Rows", min=256), ""),
        (Condition(keyword="Rows", min=256, max=2048), "Rows is 4096, not from 256 to 2048"),
        (Condition(keyword="Rows", max=2048), "Rows is 4096, not at most 2048"),
        (Condition(keyword="Columns", min=1), "Columns is absent, not at least 1"),
        (Condition(keyword="ViewPosition", any_of=("CC",)), "ViewPosition is absent, not CC"),
        (Condition(keyword="ViewPosition", none_of=("CC",)), ""),
        (Condition(keyword="ViewPosition", matches="*"), "ViewPosition is absent, not like *"),
        (Condition(keyword="ExposureTime", min=0), "ExposureTime is absent, not at least 0"),
        (Condition(keyword="PatientSex", any_of=("M",)), "PatientSex is something else, not M"),
    ],
)
def test_a_condition_holds_or_says_why_not_without_a_word_about_the_patient(condition, told):
    assert failure(condition, MAMMOGRAM) == told


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_what_is_no_number_is_within_no_range():
    broken = dcmread(BytesIO(explicit(0x00180060, b"DS", b"2N")), force=True)

    assert failure(Condition(keyword="KVP", min=1), broken) == "KVP is 2N, not at least 1"


def test_a_route_is_for_those_whom_it_names():
    mine = route(calling=("MAMMO*", "PACS"))

    assert why_not(mine, MAMMOGRAM, "MAMMO7") == ""
    assert "MODALITY is not among" in why_not(mine, MAMMOGRAM, "MODALITY")
    assert "mammo7 is not among" in why_not(mine, MAMMOGRAM, "mammo7")


def test_all_conditions_must_hold_and_the_first_that_does_not_is_told():
    strict = route(
        Condition(keyword="Modality", any_of=("MG",)),
        Condition(keyword="Rows", min=5000),
        Condition(keyword="Columns", min=5000),
    )

    (match,) = matches([strict], MAMMOGRAM, "X")

    assert match.why_not == "Rows is 4096, not at least 5000"


@pytest.mark.filterwarnings("ignore:Invalid value")
@pytest.mark.parametrize("value", [b"\x01\x02\x03", b"\x01"])
def test_a_value_that_is_none_of_its_kind_is_refused_by_name(value):
    rows = explicit(0x00280010, b"US", value)[: 8 + len(value)]
    broken = dcmread(BytesIO(rows[:6] + bytes((len(value), 0)) + value), force=True)

    with pytest.raises(BadObjectError, match="Rows"):
        failure(Condition(keyword="Rows", min=1), broken)
