import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.cad.finding import Region
from pipelines.regions.boxes import MOST_BOXES, BadBoxesError, read_boxes

DOCUMENT = Path(__file__).parents[2] / "docs" / "cad-sources.md"
UID = "1.2.3"


def boxes(*given_boxes):
    return json.dumps({UID: given_boxes})


def test_a_box_is_taken_as_it_is_given_and_made_square_about_its_centre():
    assert read_boxes(boxes([10, 20, 50, 40], [0, 0, 32, 32])) == {
        UID: [Region(10, 10, 40), Region(0, 0, 32)]
    }


def test_boxes_of_several_images_are_kept_apart():
    text = '{"1.2.3": [[0, 0, 10, 10]], "1.2.4": [[5, 5, 25, 25]]}'

    assert read_boxes(text) == {"1.2.3": [Region(0, 0, 10)], "1.2.4": [Region(5, 5, 20)]}


def test_no_boxes_at_all_are_no_mistake():
    assert read_boxes("{}") == {}


edges = st.floats(0, 16384)


@given(edges, edges, edges, edges)
def test_the_square_holds_the_box(left, top, right, bottom):
    left, right = sorted((left, right))
    top, bottom = sorted((top, bottom))
    if left == right or top == bottom:
        return

    ((region,),) = read_boxes(boxes([left, top, right, bottom])).values()

    assert region.side == math.ceil(max(right - left, bottom - top))
    assert abs(region.centre[0] - (left + right) / 2) <= 0.5
    assert abs(region.centre[1] - (top + bottom) / 2) <= 0.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Invalid JSON"),
        ('{"1.2.3": [[0, 0, 1, 1]]', "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ("[]", "should be an object"),
        ('{"lesion": [[0, 0, 1, 1]]}', "lesion: this is no SOP Instance UID"),
        ('{"1.2.3": 5}', "1.2.3: Input should be a valid"),
        ('{"1.2.3": []}', "1.2.3: List should have at least 1 item"),
        (boxes([0, 0, 9, 9], 5), "1.2.3, box 2: Input should be a valid"),
        (boxes([0, 0, 9]), "1.2.3, box 1, number 4: Field required"),
        (boxes([0, 0, 9, 9, 9]), "1.2.3, box 1: Tuple should have at most 4 items"),
        (boxes([0, 0, 9, 9], [0, "a", 9, 9]), "1.2.3, box 2, number 2: Input should be a valid"),
        (boxes([0, 0, 9, "9"]), "1.2.3, box 1, number 4: Input should be a valid number"),
        (boxes([0, 0, True, 9]), "1.2.3, box 1, number 3: Input should be a valid number"),
        (boxes([0, 0, math.nan, 9]), "1.2.3, box 1, number 3: Input should be a finite number"),
        (boxes([0, 0, math.inf, 9]), "1.2.3, box 1, number 3: Input should be a finite number"),
        (boxes([-1, 0, 9, 9]), "1.2.3, box 1, number 1: Input should be greater than or equal"),
        (boxes([0, 0, 9, 1e9]), "1.2.3, box 1, number 4: Input should be less than or equal"),
        (boxes([9, 0, 9, 9]), "1.2.3, box 1: left must be less than right"),
        (boxes([0, 0, 9, 9], [0, 9, 9, 0]), "1.2.3, box 2: left must be less than right"),
        (boxes(*[[0, 0, 9, 9]] * (MOST_BOXES + 1)), "1.2.3: List should have at most 64 items"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, told):
    with pytest.raises(BadBoxesError, match=re.escape(told)):
        read_boxes(text)


def test_the_documents_example_is_read():
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)

    assert [len(found) for found in read_boxes(example).values()] == [2, 1]
