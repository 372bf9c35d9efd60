"""Drafts of the routes in the ledger, on SQLite and PostgreSQL."""

from dataclasses import replace

import pytest
from clock import now

from service.ledger.people import Role, User
from service.ledger.routes_drafts import RoutesDraft
from service.ledger.sql import open_ledger


@pytest.fixture
def ledger(ledger_url):
    opened = open_ledger(ledger_url, now)
    yield opened
    opened.close()


def draft(user: str, text: str = "one") -> RoutesDraft:
    return RoutesDraft(user, text, "0" * 64, now())


def test_each_user_has_one_draft_which_the_next_replaces(ledger):
    first, other = draft("ada"), draft("bob")
    ledger.keep_routes_draft(first)
    ledger.keep_routes_draft(other)

    ledger.keep_routes_draft(replace(first, text="two"))

    assert ledger.routes_draft("ada").text == "two"
    assert ledger.routes_draft("bob") == other
    ledger.drop_routes_draft("ada")
    assert ledger.routes_draft("ada") is None


def test_a_draft_goes_with_its_user(ledger):
    for name in ("ada", "bob"):
        ledger.add_user(User(name, Role.ADMIN, "hash", now(), now()))
    ledger.keep_routes_draft(draft("ada"))

    ledger.remove_user("ada")

    assert ledger.routes_draft("ada") is None
