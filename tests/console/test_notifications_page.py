"""What people were told, as the console and the API show it."""

from datetime import UTC, datetime

import pytest
from consoles import served

from service.ledger.notifying import Message, News, Point, Severity, Telling

AT = datetime(2026, 1, 2, 10, tzinfo=UTC)
WHAT = "3 deliveries to pacs are parked"


@pytest.fixture
def console(tmp_path):
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def told(console):
    """Let a channel know of a trouble and tell of it."""
    error = Severity.ERROR
    trouble = Telling("mail", "parked/pacs", error, WHAT, "", AT, AT, AT, told_at=AT, times=2)
    point = Point(News.BEGUN, "parked/pacs", error, WHAT, "0x0122", "mend it", AT, None, "/x")
    message = Message("mail", 1, "<1@node>", "1 new trouble", (point,), AT, AT)
    assert console.ledger.keep_told([trouble], [], message)
    return console


def test_a_node_that_told_nobody_says_so(console):
    page = console.signed_in("viewer").get("/notifications").text

    assert "Nobody was told anything yet." in page


def test_a_viewer_sees_what_is_wrong_and_what_was_told_and_that_it_is_not_sent(told):
    page = told.signed_in("viewer").get("/notifications").text

    assert page.count(WHAT) == 2
    assert "1 new trouble" in page
    assert "0 tries" in page


def test_programs_are_told_the_same(told):
    answer = told.program("viewer").get("/api/v1/notifications").json()

    assert [(one["what"], one["times"]) for one in answer["open"]] == [(WHAT, 2)]
    assert answer["messages"][0]["points"][0]["why"] == "0x0122"
