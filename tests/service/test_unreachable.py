"""Routes that nothing can take are told from those that something can."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydicom import Dataset

from service.router.conditions import When
from service.router.match import failure
from service.router.routes import Route
from service.router.unreachable import never_reached, why_no_image, why_no_study

CONTRADICTIONS = [
    '[{ keyword = "Modality", any_of = ["MG"] }, { keyword = "Modality", any_of = ["CT"] }]',
    '[{ keyword = "Modality", any_of = ["MG"], none_of = ["MG"] }]',
    '[{ keyword = "Modality", any_of = ["MG"], matches = "C*" }]',
    '[{ keyword = "Modality", any_of = ["MG"] }, { keyword = "Modality", regex = "^C" }]',
    '[{ keyword = "Modality", any_of = [] }]',
    (
        '[{ keyword = "Modality", any_of = ["MG"] },'
        ' { not = { keyword = "Modality", any_of = ["MG", "CT"] } }]'
    ),
    '[{ keyword = "Rows", min = 9 }, { keyword = "Rows", max = 8 }]',
    '[{ keyword = "Rows", any_of = ["7"], min = 8 }]',
    '[{ keyword = "Rows", present = false }, { keyword = "Rows", min = 1 }]',
    '[{ keyword = "ImageType", any_of = ["A"] }, { keyword = "ImageType", none_of = ["A", "B"] }]',
    '[{ keyword = "ImageType[2]", any_of = ["A"] }, { keyword = "ImageType[2]", any_of = ["B"] }]',
    (
        '[{ keyword = "Modality", any_of = ["MG"] }, { any = ['
        '{ keyword = "Modality", any_of = ["CT"] }, { keyword = "Modality", present = false }] }]'
    ),
]
POSSIBLE = [
    "[]",
    '[{ keyword = "Modality", any_of = ["MG", "CT"] }, { keyword = "Modality", none_of = ["CT"] }]',
    '[{ keyword = "ImageType", any_of = ["A"] }, { keyword = "ImageType", any_of = ["B"] }]',
    (
        '[{ keyword = "ViewCodeSequence.CodeValue", any_of = ["A"] },'
        ' { keyword = "ViewCodeSequence.CodeValue", any_of = ["B"] }]'
    ),
    '[{ keyword = "Rows", min = 8 }, { keyword = "Rows", max = 8 }]',
    '[{ keyword = "Rows", present = false }, { keyword = "Columns", min = 1 }]',
    (
        '[{ keyword = "Modality", any_of = ["MG"] }, { any = ['
        '{ keyword = "Modality", any_of = ["CT"] }, { keyword = "Rows", min = 1 }] }]'
    ),
    (
        '[{ not = { all = [{ keyword = "Modality", any_of = ["MG"] },'
        ' { keyword = "Rows", min = 1 }] } }, { keyword = "Modality", any_of = ["MG"] }]'
    ),
]


def conditions(written):
    return TypeAdapter(tuple[When, ...]).validate_python(tomllib.loads(f"it = {written}")["it"])


@pytest.mark.parametrize("written", CONTRADICTIONS)
def test_conditions_that_no_image_can_meet_are_found(written):
    assert why_no_image(conditions(written)).startswith("no value of ")


@pytest.mark.parametrize("written", POSSIBLE)
def test_of_conditions_that_an_image_may_meet_nothing_is_said(written):
    assert why_no_image(conditions(written)) == ""


def test_conditions_on_a_study_may_be_met_by_different_images():
    cc_and_mlo = '[{ keyword = "ViewPosition", any_of = ["CC"] }, '
    cc_and_mlo += '{ keyword = "ViewPosition", any_of = ["MLO"] }]'

    assert why_no_study(conditions(cc_and_mlo)) == ""
    assert (
        why_no_image(conditions(cc_and_mlo))
        == "no value of ViewPosition can be all that is asked of it"
    )
    assert "ViewPosition" in why_no_study(
        conditions('[{ keyword = "ViewPosition", any_of = ["CC"], none_of = ["CC"] }]')
    )


def test_conditions_with_countless_ways_are_left_alone():
    two = '{ any = [{ keyword = "Rows", min = 1 }, { keyword = "Columns", min = 1 }] }'

    assert why_no_image(conditions(f"[{', '.join([two] * 40)}]")) == ""


values = st.sampled_from(["MG", "CT", "DX"])
tests = st.one_of(
    st.fixed_dictionaries({"any_of": st.lists(values, max_size=2)}),
    st.fixed_dictionaries({"none_of": st.lists(values, max_size=2)}),
    st.fixed_dictionaries({"matches": st.sampled_from(["M*", "C*", "*"])}),
    st.fixed_dictionaries({"present": st.booleans()}),
)
keywords = st.sampled_from(["Modality", "ImageType"])
leaves = st.builds(lambda keyword, test: {"keyword": keyword, **test}, keywords, tests)
groups = st.recursive(
    leaves,
    lambda inner: (
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=5,
)


@given(
    written=st.lists(groups, max_size=4),
    modality=values | st.just(""),
    image_type=st.lists(values, max_size=3),
)
def test_a_route_that_is_called_unreachable_is_taken_by_no_image(written, modality, image_type):
    asked = TypeAdapter(tuple[When, ...]).validate_python(written)
    image = Dataset()
    image.Modality, image.ImageType = modality, image_type

    if not any(failure(one, image) for one in asked):
        assert why_no_image(asked) == ""


def route(name, **keys):
    return Route(name=name, pipelines=["p"], send_to=["d"], **keys)


MG = [{"keyword": "Modality", "any_of": ["MG"]}]


@pytest.mark.parametrize(
    ("others", "calling", "reached"),
    [
        ([route("all")], ["*"], False),
        ([route("all")], ["MAMMO1"], False),
        ([route("some", when=MG)], ["*"], True),
        ([route("mine", calling=["MAMMO*"])], ["MAMMO1", "MAMMO*"], False),
        ([route("mine", calling=["MAMMO*"])], ["*"], True),
        ([route("one", calling=["A"]), route("two", calling=["B"])], ["A", "B"], False),
        ([], ["*"], True),
    ],
)
def test_a_fall_back_route_to_which_others_leave_nothing_is_found(others, calling, reached):
    last = route("last", calling=calling, fallback=True)

    found = dict(never_reached(dict(enumerate([*others, last]))))

    assert (not found) is reached
    assert set(found) <= {len(others)}
