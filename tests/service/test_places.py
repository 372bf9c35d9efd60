"""Where in a TOML text things stand."""

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from service.router.places import Place, place_of, place_of_syntax, places

TEXT = """\
# a comment with [brackets] = "and more"
[destinations."pacs one"]
host = '''a
b = "c"'''
port   =  104 # = 5

[[routes]]
name = "a = b"
when = [
  { keyword = "Modality", any_of = ["MG",   "DX"] },  # ]
  { not = { keyword = 'Rows', min = 2 } },
]
complete.quiet_s = 5

[[routes]]
name = "b"
[routes.complete]
views = [
  "RCC", "LCC",
]
since = 1979-05-27 07:32:00
last = \"\"\"x\"\"\"\"\"
"""

FOUND = {
    ("destinations", "pacs one"): Place(2, 1),
    ("destinations", "pacs one", "host"): Place(3, 1),
    ("destinations", "pacs one", "port"): Place(5, 1),
    ("routes", 0): Place(7, 1),
    ("routes", 0, "when", 0, "any_of", 1): Place(10, 45),
    ("routes", 0, "when", 1, "not", "min"): Place(11, 31),
    ("routes", 0, "complete", "quiet_s"): Place(13, 10),
    ("routes", 1): Place(15, 1),
    ("routes", 1, "complete", "views", 1): Place(19, 10),
    ("routes", 1, "complete", "last"): Place(22, 1),
}


@pytest.mark.parametrize("location", FOUND)
def test_a_key_or_an_element_is_found_where_it_stands(location):
    assert places(TEXT)[location] == FOUND[location]


def test_what_is_not_written_is_where_the_table_is_that_lacks_it():
    assert place_of(places(TEXT), ("routes", 1, "send_to")) == Place(15, 1)
    assert place_of(places(TEXT), ("nothing",)) == Place(1, 1)


@pytest.mark.parametrize(
    ("text", "place"), [("a = 1\nb == 2\n", Place(2, 4)), ("a = [", Place(1, 6))]
)
def test_a_mistake_of_syntax_has_a_place(text, place):
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)

    assert place_of_syntax(caught.value, text) == place


keys = st.text(st.characters(codec="ascii"), max_size=6)
leaves = st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.datetimes()
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


@given(tree=st.dictionaries(keys, trees, max_size=4))
def test_everything_that_a_file_says_has_a_place_in_it(tree):
    text = tomli_w.dumps(tree)

    found = places(text)

    lines = text.split("\n")
    assert set(locations(tree)) <= found.keys()
    assert all(0 < place.column <= len(lines[place.line - 1]) for place in found.values())


def locations(tree, outer=()):
    named = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, inner in named:
        yield (*outer, key)
        if isinstance(inner, dict | list):
            yield from locations(inner, (*outer, key))
