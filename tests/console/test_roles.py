"""Every address of the node, asked by nobody and by everybody."""

import pytest
from consoles import csrf, filled, served

from service.console.describing import addresses, role_of
from service.ledger.people import Role

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/oidc"),
    ("GET", "/sign-in/oidc/back"),
    ("GET", "/static/{name}"),
    ("GET", "/api/docs"),
    ("GET", "/api/openapi.json"),
}
OWN_TOKENS = {("POST", "/dicom-web/studies"), ("POST", "/dicom-web/studies/{study}")}
DENIED = (401, 403)


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with served(tmp_path_factory.mktemp("console")) as found:
        yield found


def said(console):
    """Return who may come, as each address says itself, by (method, path)."""
    found = {(method, path): role_of(route) for path, method, route in addresses(console.app)}
    assert len(found) > 60
    return found


def test_every_address_says_who_may_come_and_few_say_everybody(console):
    who_may = said(console)

    assert [each for each, who in who_may.items() if who is None] == []
    assert {each for each, who in who_may.items() if who == "open"} == OPEN
    assert {each for each, who in who_may.items() if who == "own tokens"} == OWN_TOKENS


def test_nobody_comes_in_without_signing_in(console):
    browser = console.browser()
    for (method, path), who in said(console).items():
        if who == "open":
            continue

        answer = browser.request(method, filled(path), data={"csrf": "x"})

        went = answer.status_code, answer.headers.get("location", "")
        assert went[0] in DENIED or went[1].startswith("/sign-in"), (method, path, went)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_comes_as_far_as_the_address_says_by_browser(console, role):
    browser = console.signed_in(str(role))
    token = csrf(browser.get("/account").text)
    for (method, path), who in said(console).items():
        if who in {"open", "own tokens"} or path == "/sign-out":
            continue

        answer = browser.request(method, filled(path), headers={"X-CSRF-Token": token}, json={})

        assert (answer.status_code == 403) is not role.covers(Role(who)), (method, path)
        assert answer.status_code != 401


@pytest.mark.parametrize("role", list(Role))
def test_each_role_comes_as_far_as_the_address_says_by_token(console, role):
    program = console.program(str(role))
    for (method, path), who in said(console).items():
        if not path.startswith("/api/v1"):
            continue

        answer = program.request(method, filled(path), json={})

        assert (answer.status_code == 403) is not role.covers(Role(who)), (method, path)
        assert answer.status_code not in {401, 500}


def test_a_form_without_the_word_of_its_session_does_nothing(console):
    browser = console.signed_in("admin")
    for (method, path), who in said(console).items():
        if method in {"GET", "HEAD"} or who in {"open", "own tokens"}:
            continue

        answer = browser.request(method, filled(path), data={"csrf": "another"})

        assert answer.status_code == 403, (method, path)
        assert "not of this session" in answer.text
