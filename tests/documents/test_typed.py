"""What the documents tell a reader to type is typed, against a real Orthanc."""

import pytest

from documents.blocks import PAGES, PROJECT, blocks
from documents.place import Place

FIRST = [PROJECT / "docs/first-study.md", PROJECT / "docs/connect.md"]
TYPED = [page for page in PAGES if any(block.mark == "run" for block in blocks(page))]
ORDER = [*FIRST, *(page for page in TYPED if page not in FIRST)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with Place(tmp_path_factory.mktemp("place")) as made:
        yield made


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", ORDER, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_tells_to_type_works(place, page):
    for block in blocks(page):
        place.try_block(block)
