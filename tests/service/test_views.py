"""Laterality and view of what comes in, in one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phantoms import mammogram, saved
from pydicom import Dataset
from routing import SMALL, view_in

from service.ledger.views import SPECIAL, View, view_of, word_of


def coded(code: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "said"
    return item


def word(tmp_path, image: Dataset) -> str:
    return view_in(saved(image, tmp_path))


def modified(*codes: str) -> Dataset:
    image = mammogram("RCC", **SMALL)
    image.ViewCodeSequence[0].ViewModifierCodeSequence = [coded(code) for code in codes]
    return image


@pytest.mark.parametrize(("code", "special"), SPECIAL.items())
def test_a_modifier_of_whatever_age_is_told(tmp_path, code, special):
    assert word(tmp_path, modified(code)) == f"RCC+{special}"


def test_of_several_modifiers_all_are_told(tmp_path):
    assert word(tmp_path, modified("399209000", "399055006", "R-102D6")) == "RCC+ID+M+S"


@pytest.mark.parametrize("code", ["442581004", "441752004", "442593008", "442580003", "9.9"])
def test_a_modifier_of_a_view_that_shows_the_breast_as_usual_is_left_out(tmp_path, code):
    assert word(tmp_path, modified(code)) == "RCC"


def test_a_modifier_beside_the_view_is_told_too(tmp_path):
    image = mammogram("RCC", **SMALL)
    image.ViewModifierCodeSequence = [coded("399209000")]

    assert word(tmp_path, image) == "RCC+ID"


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("EstimatedRadiographicMagnificationFactor", "1.8", "RCC+M"),
        ("EstimatedRadiographicMagnificationFactor", "1.05", "RCC"),
        ("BreastImplantPresent", "YES", "RCC+IMPLANT"),
        ("BreastImplantPresent", "NO", "RCC"),
        ("PartialView", "YES", "RCC+PARTIAL"),
        ("ViewPosition", "RCC", "RCC"),
        ("ViewPosition", "", "RCC"),
    ],
)
def test_what_a_header_says_besides_is_told(tmp_path, attribute, value, expected):
    image = mammogram("RCC", **SMALL)
    setattr(image, attribute, value)

    assert word(tmp_path, image) == expected


@given(
    side=st.sampled_from("LR"),
    position=st.sampled_from(["CC", "MLO", "XCCL"]),
    special=st.frozensets(st.sampled_from([*SPECIAL.values(), "IMPLANT", "PARTIAL"])),
)
def test_a_view_is_what_its_word_tells(side, position, special):
    view = View(side, position, special)

    assert view_of(word_of(view)) == view


@pytest.mark.parametrize("word", ["", "CC", "R", "+ID", "BMLO"])
def test_a_word_without_a_side_is_no_view(word):
    assert view_of(word) is None
