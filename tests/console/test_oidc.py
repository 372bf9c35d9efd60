"""Signing in by OpenID Connect, against a provider that is really there."""

import ssl
from dataclasses import replace
from http.cookies import SimpleCookie
from itertools import count
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authority import Authority
from consoles import PAGE, PASSWORD, SETUP, Console, served, sign_in
from joserfc.jwk import OctKey, RSAKey
from providing import CLIENT, SECRET, providing

from service.checkup import Checkup
from service.console.oidc import Flow
from service.errors import BadConfigurationError, RefusedError, UnavailableError
from service.http.entrance import MOST_FAILURES
from service.ledger.people import Role
from service.parts import Parts
from service.settings import load_settings

SETTINGS = """\
data_dir = "data"
[oidc]
issuer = "{issuer}"
title = "the hospital"
client_id = "{client}"
client_secret_file = "secret"
ca_file = "{ca}"
role_claim = "groups.here"
roles = {{ radiology = "operator", staff = "viewer", pacs-team = "admin" }}
"""


@pytest.fixture(scope="module")
def offered(tmp_path_factory):
    """A provider, and who vouches for it."""
    with providing(tmp_path_factory.mktemp("provider")) as found:
        yield found


@pytest.fixture
def provider(offered):
    found, _ = offered
    before = dict(vars(found))
    yield found
    vars(found).update(before)
    found.altered.clear()


@pytest.fixture(scope="module")
def node(tmp_path_factory, offered):
    folder = tmp_path_factory.mktemp("node")
    (folder / "secret").write_text(SECRET)
    provider, authority = offered
    settings = SETTINGS.format(issuer=provider.issuer, client=CLIENT, ca=authority)
    with served(folder, settings=settings) as found:
        yield found


@pytest.fixture
def console(node):
    yield node
    if node.ledger.user("grace") is not None:
        node.ledger.remove_user("grace")


@pytest.fixture(scope="module")
def addresses():
    """Addresses of this machine, of which each browser has its own: failures are counted so."""
    return (f"127.0.0.{number}" for number in count(2))


@pytest.fixture
def browser(console, offered, addresses):
    """A browser that trusts the provider."""
    trusted = ssl.create_default_context(cafile=offered[1])
    way = httpx.HTTPTransport(verify=trusted, local_address=next(addresses))
    with httpx.Client(headers=PAGE, transport=way, base_url=console.url, timeout=60) as found:
        yield found


def begun(browser, onward="/studies"):
    """Go to the provider; return where it leads back to."""
    there = browser.get("/sign-in/oidc", params={"next": onward})
    assert there.status_code == 303, there.text
    back = browser.get(there.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


def outcomes(console: Console):
    return [one.outcome for one in console.ledger.audit(action="session.begin")]


def test_who_the_provider_knows_signs_in_with_the_highest_of_their_roles(console, browser):
    page = browser.get("/sign-in?next=/studies").text
    assert 'href="/sign-in/oidc?next=%2Fstudies"' in page
    assert "Sign in with the hospital" in page

    answer = browser.get(begun(browser))

    assert (answer.status_code, answer.headers["location"]) == (303, "/studies")
    assert browser.get("/account").text.count("grace") > 0
    assert console.ledger.user("grace").role is Role.OPERATOR
    assert browser.get("/users").status_code == 403


def test_the_audit_trail_says_who_came_in_and_by_whom(console, browser, provider):
    browser.get(begun(browser))

    entry = console.ledger.audit(who="grace")[0]
    assert (entry.action, entry.object, entry.role, entry.outcome) == (
        "session.begin", f"{provider.issuer}|42", "operator", "done",
    )  # fmt: skip


def test_a_role_that_changes_at_the_provider_changes_here_with_the_next_time(
    console, browser, provider
):
    browser.get(begun(browser))
    provider.altered = {"preferred_username": "grace.new", "groups": {"here": "pacs-team"}}

    browser.get(begun(browser))

    assert console.ledger.user("grace").role is Role.ADMIN
    assert console.ledger.user("grace.new") is None
    assert browser.get("/users").status_code == 200


def test_passwords_still_count_beside_it_and_none_is_given_to_who_signs_in_elsewhere(
    console, browser
):
    browser.get(begun(browser))

    assert sign_in(console.browser(), "admin", PASSWORD).status_code == 303
    for password in ("", "x" * 20):
        assert sign_in(console.browser(), "grace", password).status_code == 401
    with pytest.raises(RefusedError, match="signs in elsewhere: the password is changed there"):
        console.desk.deeds.change_password(SETUP, "grace", "a" * 6 + "b" * 9)
    with pytest.raises(RefusedError, match="signs in elsewhere: the role is changed there"):
        console.desk.deeds.change_role(SETUP, "grace", Role.ADMIN)
    assert "have no password here" in browser.get("/account").text
    assert "signs in elsewhere" in console.signed_in("admin").get("/users").text


LONG_AGO, FAR_AHEAD = 946684800, 4102444800
"""The years 2000 and 2100: each process that runs tests must know them by the same names."""


@pytest.mark.parametrize(
    ("altered", "told"),
    [
        ({"iss": "https://elsewhere.example"}, "does not hold (iss)"),
        ({"aud": "another node"}, "does not hold (aud)"),
        ({"aud": [CLIENT, "another"]}, "does not hold (azp)"),
        ({"azp": "another"}, "does not hold (azp)"),
        ({"nonce": "of another flow"}, "does not hold (nonce)"),
        ({"nonce": None}, "does not hold (nonce)"),
        ({"exp": LONG_AGO}, "does not hold (exp)"),
        ({"exp": None}, "does not hold (exp)"),
        ({"iat": FAR_AHEAD}, "does not hold (iat)"),
        ({"sub": None}, "does not hold (sub)"),
        ({"sub": 42}, "does not hold (sub)"),
        ({"groups": {"here": ["kitchen"]}}, "gives you no role on this node"),
        ({"groups": None}, "gives you no role on this node"),
        ({"groups": "staff"}, "gives you no role on this node"),
        ({"preferred_username": None}, "gives you no name here"),
        ({"preferred_username": "<b>grace</b>"}, "gives you no name here"),
        ({"preferred_username": "admin"}, "is the name of another user"),
    ],
    ids=lambda one: str(one) if isinstance(one, dict) else "",
)
def test_what_does_not_hold_lets_nobody_in_and_says_why(console, browser, provider, altered, told):
    provider.altered = altered

    answer = browser.get(begun(browser))

    assert answer.status_code == 403
    assert told in answer.text.replace("&#39;", "'")
    assert told in outcomes(console)[0]
    assert browser.get("/studies").status_code == 303


@pytest.mark.parametrize("signed", ["another key", "none", "the secret that both know"])
def test_an_id_token_that_the_provider_did_not_sign_counts_nothing(
    console, browser, provider, signed
):
    if signed == "another key":
        provider.signs_with = RSAKey.generate_key(2048, {"kid": "1"})
    else:
        provider.algorithm = "none" if signed == "none" else "HS256"
        provider.signs_with = OctKey.import_key(SECRET * 2, {"kid": "1"})

    answer = browser.get(begun(browser))

    assert answer.status_code == 403
    assert "does not hold" in answer.text
    assert console.ledger.user("grace") is None


def test_a_way_back_counts_once_and_in_the_browser_that_began_it(console, browser):
    back = begun(browser)
    cookies = dict(browser.cookies)
    stranger = httpx.Client(headers=PAGE, base_url=console.url)

    stolen = stranger.get(back)
    first, again = browser.get(back), browser.get(back)
    stranger.cookies.update(cookies)
    replayed = stranger.get(back)

    assert first.status_code == 303
    for answer in (stolen, again):
        assert (answer.status_code, "is over: begin anew" in answer.text) == (403, True)
    assert (replayed.status_code, "does not take what it sent" in replayed.text) == (403, True)
    assert outcomes(console)[:2] == [
        "the provider does not take what it sent you back with", "done",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"state": "x"}, {"code": "x"}, {"iss": "https://elsewhere.example"}, {"error": "denied"}],
    ids=str,
)
def test_a_way_back_that_was_tampered_with_is_over(console, browser, change):
    back = urlsplit(begun(browser))
    told = {name: words[0] for name, words in parse_qs(back.query).items()}

    answer = browser.get(back.path, params={**told, **change})

    assert answer.status_code == 403
    assert console.ledger.user("grace") is None
    assert "denied" not in answer.text


def test_the_verifier_is_not_shown_before_the_end(browser):
    there = browser.get("/sign-in/oidc").headers["location"]

    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert "code_verifier" not in asked
    secret = SimpleCookie("; ".join(f"{k}={v}" for k, v in browser.cookies.items()))
    assert all(one.value.partition(".")[0] not in there for one in secret.values())


@pytest.mark.parametrize(
    "onward", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere"]
)
def test_nobody_is_led_to_another_site(browser, onward):
    assert browser.get(begun(browser, onward)).headers["location"] == "/"


def test_a_provider_that_is_away_is_said_to_be_and_passwords_still_count(
    console, browser, provider
):
    back = begun(browser)
    provider.is_ill = True

    begins, ends = browser.get("/sign-in/oidc"), browser.get(back)

    for answer in (begins, ends):
        assert answer.status_code == 503
        assert "The provider does not answer as one" in answer.text
    assert sign_in(console.browser(), "viewer", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"issuer": "https://elsewhere.example"}, "calls itself another issuer"),
        ({"token_endpoint": None}, "does not say where it is to be asked"),
        ({"jwks_uri": "https://127.0.0.1:1/keys"}, "does not answer as one"),
    ],
)
def test_a_provider_that_is_another_one_is_not_believed(browser, provider, metadata, told):
    provider.metadata = metadata

    answer = browser.get("/sign-in/oidc")
    if answer.status_code == 303:
        answer = browser.get(browser.get(answer.headers["location"]).headers["location"])

    assert (answer.status_code, told in answer.text) == (503, True)


def test_a_provider_whose_certificate_nobody_vouches_for_is_not_asked(console, tmp_path):
    stranger = ssl.create_default_context(cafile=Authority(tmp_path, "stranger").file)
    distrusting = replace(console.desk.provider, trusted=stranger)

    with pytest.raises(UnavailableError, match=r"does not answer as one .ConnectError"):
        distrusting.begin(Flow("secret", "https://node.example/sign-in/oidc/back"))


def test_a_secret_that_is_wrong_is_told_as_the_provider_s_refusal(browser, provider):
    provider.secret = "another"  # noqa: S105 - of nobody but tests

    answer = browser.get(begun(browser))

    assert (answer.status_code, "does not take" in answer.text) == (403, True)


def test_who_fails_too_often_must_wait(browser, provider):
    provider.altered = {"groups": None}
    for _ in range(MOST_FAILURES):
        browser.get(begun(browser))
    provider.altered = {}

    answer = browser.get(begun(browser))

    assert (answer.status_code, "wait a minute" in answer.text) == (429, True)


def test_without_a_provider_there_is_no_such_way(tmp_path):
    with served(tmp_path) as console:
        browser = console.browser()

        assert "oidc" not in browser.get("/sign-in").text
        for address in ("/sign-in/oidc", "/sign-in/oidc/back?code=x&state=y"):
            assert browser.get(address).status_code == 404


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('issuer = "http://idp.example"', "https"),
        ('issuer = "https://idp.example"', "client_id"),
        ('issuer = "https://idp.example"\nclient_id = "x"', "roles"),
        (
            'issuer = "https://idp.example"\nclient_id = "x"\nroles = { a = "king" }',
            "viewer",
        ),
        (
            'issuer = "https://a.example"\nclient_id = "x"\nroles = { a = "admin" }\nscopes = []',
            "openid",
        ),
    ],
)
def test_settings_that_could_let_nobody_in_or_anybody_are_refused(tmp_path, line, told):
    path = tmp_path / "senoscope.toml"
    path.write_text(f"[oidc]\n{line}\n")

    with pytest.raises(BadConfigurationError, match=told):
        load_settings(path)


def test_check_says_whether_the_provider_answers(console, provider):
    config = console.desk.routes.path.with_name("senoscope.toml")
    checkup = Checkup(Parts(load_settings(config)))

    found = checkup.provider_answers()
    provider.is_ill = True

    assert (found.ok, found.detail) == (True, f"{provider.issuer} answers")
    with pytest.raises(UnavailableError, match="does not answer as one"):
        checkup.provider_answers()
