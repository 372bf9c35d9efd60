"""Signing in and out, and what every answer bears."""

import re
import socket
import time
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest
from clock import Clock
from consoles import PASSWORD, csrf, post, served, sign_in

from service.console import guard
from service.console.passwords import Passwords, check_password
from service.console.person import NotSignedInError
from service.errors import RefusedError
from service.http.entrance import MOST_FAILURES
from service.http.server import listen, serve_http


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def console(tmp_path, clock):
    with served(tmp_path, clock) as found:
        yield found


def test_who_signs_in_gets_where_they_wanted_to_go(console):
    browser = console.browser()

    asked = browser.get("/studies?state=failed")
    page = browser.get(asked.headers["location"])
    answer = browser.post(
        "/sign-in",
        data={
            "csrf": csrf(page.text),
            "next": "/studies?state=failed",
            "name": "viewer",
            "password": PASSWORD,
        },
    )

    assert asked.status_code == 303
    assert 'value="/studies?state=failed"' in page.text
    assert (answer.status_code, answer.headers["location"]) == (303, "/studies?state=failed")
    assert browser.get("/studies").status_code == 200


@pytest.mark.parametrize("onward", ["//elsewhere.example", "https://elsewhere.example", "/\\x", ""])
def test_nobody_is_led_to_another_site(console, onward):
    browser = console.browser()
    fields = {"name": "viewer", "password": PASSWORD, "next": onward}

    answer = post(browser, "/sign-in", "/sign-in", **fields)

    assert answer.headers["location"] == "/"


def test_a_cookie_is_for_this_host_and_no_script_and_the_ledger_keeps_its_digest_alone(console):
    browser = console.browser()

    cookie = sign_in(browser, "viewer", PASSWORD).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    with console.ledger.database.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM sessions").all())
    assert browser.cookies["senoscope"] not in kept


@pytest.mark.parametrize(
    ("name", "password", "noted"), [("viewer", "wrong", "viewer"), ("nobody", PASSWORD, "")]
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_written_down(
    console, name, password, noted
):
    browser = console.browser()

    answer = sign_in(browser, name, password)

    assert answer.status_code == 401
    assert "The name or the password is wrong" in answer.text
    assert console.actions()[0] == (noted, "session.begin", "wrong name or password")
    assert browser.get("/").status_code == 303


def test_a_password_that_was_typed_as_the_name_is_not_written_down(console):
    browser = console.browser()

    answers = [sign_in(browser, "my-secret-1", PASSWORD) for _ in range(MOST_FAILURES + 1)]

    assert answers[-1].status_code == 429
    assert {who for who, action, _ in console.actions() if action == "session.begin"} == {""}


def test_who_signs_in_while_the_password_changes_does_not_stay_signed_in(console):
    class Slow(Passwords):
        def is_of(self, user, password):
            is_right = super().is_of(user, password)
            console.ledger.change_password("viewer", self.hashed("another long password"))
            return is_right

    door = console.desk.door
    slow = replace(door, passwords=Slow(door.passwords.hasher))

    with pytest.raises(NotSignedInError):
        slow.sign_in("viewer", PASSWORD, "127.0.0.1")

    with console.ledger.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT * FROM sessions").all() == []


def test_who_has_a_session_cannot_guess_its_password_without_end(console):
    browser = console.signed_in("viewer")
    fields = {"old": "wrong", "new": "another long password"}
    for _ in range(MOST_FAILURES):
        assert post(browser, "/account", "/account/password", **fields).status_code == 409

    answer = post(browser, "/account", "/account/password", **{**fields, "old": PASSWORD})

    assert answer.status_code == 429
    told = ("viewer", "user.password", "the password that you have now is another one")
    assert console.actions()[:MOST_FAILURES] == [told] * MOST_FAILURES
    assert sign_in(console.browser(), "viewer", PASSWORD).status_code == 429


@pytest.mark.parametrize("origin", ["http://[::1", "http://a:b@[x]", "null", "//", "é"])
def test_an_origin_that_is_none_is_another_sites(console, origin):
    headers = {"Origin": origin.encode()}

    assert console.browser().post("/sign-in", headers=headers).status_code == 403


def test_a_form_that_never_ends_is_not_waited_for(console, monkeypatch):
    monkeypatch.setattr(guard, "LONGEST_S", 0.5)
    said = "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    said += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"

    with connected(console) as slow:
        slow.sendall(said.encode() + b"name=")
        answer = received(slow)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"x-frame-options: DENY" in answer


def test_json_that_drips_is_not_waited_for(console, monkeypatch):
    monkeypatch.setattr(guard, "LONGEST_S", 0.5)
    token = console.program("admin").headers["Authorization"]
    said = f"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
    said += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"

    with connected(console) as slow:
        slow.sendall(said.encode())
        with suppress(OSError):  # it is closed at last
            for _ in range(50):
                slow.sendall(b" ")
                time.sleep(0.05)
        answer = received(slow)

    assert answer.startswith(b"HTTP/1.1 408 ")


def connected(console):
    port = httpx.URL(console.url).port
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def received(sender):
    """Return all that comes until the other side closes."""
    with suppress(ConnectionResetError):
        return b"".join(iter(lambda: sender.recv(4096), b""))
    return b""


@pytest.mark.parametrize("name", ["", "\x00", "x" * 100_000, "ada; DROP TABLE users", "é"])
def test_a_name_that_nobody_can_have_is_wrong_like_any_other(console, name):
    answer = sign_in(console.browser(), name, PASSWORD)

    assert answer.status_code == 401
    assert console.actions()[0] == ("", "session.begin", "wrong name or password")


def test_behind_a_proxy_that_is_trusted_cookies_are_for_tls_alone(console):
    server = serve_http(console.app, listen("127.0.0.1", 0), proxies=["127.0.0.0/8"])
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=forwarded) as browser:
        first = browser.get("/sign-in")
        shown = {"Cookie": first.headers["set-cookie"].partition(";")[0]}
        fields = {"csrf": csrf(first.text), "name": "viewer", "password": PASSWORD}
        answer = browser.post("/sign-in", data=fields, headers=shown)
    server.stop()

    assert answer.headers["set-cookie"].startswith("__Host-senoscope=")
    assert "Secure" in answer.headers["set-cookie"]
    assert console.ledger.audit()[0].address == "10.1.2.3"


def test_nobody_is_believed_for_whom_they_come_unless_they_are_a_trusted_proxy(console):
    browser = console.browser()
    browser.headers["X-Forwarded-For"] = "10.1.2.3"

    sign_in(browser, "viewer", "wrong")

    assert console.ledger.audit()[0].address == "127.0.0.1"


def test_after_many_failures_even_the_right_password_must_wait(console):
    browser = console.browser()
    for _ in range(MOST_FAILURES):
        sign_in(browser, "viewer", "wrong")

    answers = [sign_in(browser, "viewer", PASSWORD) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {429}
    said = [outcome for _, _, outcome in console.actions()[: MOST_FAILURES + 1]]
    assert said == ["too many failures: must wait", *["wrong name or password"] * MOST_FAILURES]


def test_who_does_nothing_for_long_is_signed_out_though_the_page_asks_by_itself(console, clock):
    browser = console.signed_in("viewer")
    for _ in range(20):
        clock.pass_(60)
        assert browser.get("/", headers={"X-Live": "yes"}).status_code == 200

    clock.pass_(11 * 60)

    assert browser.get("/").status_code == 303


def test_who_is_at_work_stays_signed_in_but_not_for_ever(console, clock):
    browser = console.signed_in("viewer")
    for _ in range(35):
        clock.pass_(20 * 60)
        assert browser.get("/jobs").status_code == 200

    clock.pass_(20 * 60 + 1)

    assert browser.get("/jobs").status_code == 303


def test_a_session_ends_with_signing_out_here_and_with_a_new_password_everywhere(console):
    here, there = console.signed_in("operator"), console.signed_in("operator")
    post(here, "/account", "/sign-out")
    assert here.get("/").status_code == 303
    assert there.get("/").status_code == 200

    answer = post(there, "/account", "/account/password", old=PASSWORD, new="another long password")

    assert answer.headers["location"] == "/sign-in?did=password-changed"
    assert there.get("/").status_code == 303
    assert sign_in(there, "operator", PASSWORD).status_code == 401
    assert sign_in(there, "operator", "another long password").status_code == 303


def test_a_role_that_is_taken_away_is_gone_at_once(console):
    browser = console.signed_in("admin")
    console.add("second", next(one.role for one in console.ledger.users() if one.name == "admin"))

    console.ledger.change_role("admin", console.ledger.user("viewer").role)

    assert browser.get("/users").status_code == 403


def test_the_page_of_another_site_cannot_ask(console):
    browser = console.signed_in("admin")
    token = csrf(browser.get("/account").text)

    answer = browser.post(
        "/account/tokens",
        data={"csrf": token, "label": "x"},
        headers={"Origin": "https://elsewhere.example"},
    )

    assert answer.status_code == 403
    assert console.ledger.api_tokens() == []


def test_a_form_that_is_too_long_is_turned_away_unread(console):
    answer = console.browser().post("/sign-in", content=b"x" * (1 << 20 | 1))

    assert answer.status_code == 413


def test_every_answer_says_what_browsers_may_do_with_it(console):
    browser = console.signed_in("viewer")
    for address in (
        "/",
        "/sign-in",
        "/static/console.css",
        "/healthz",
        "/no-such-page",
        "/api/v1/me",
    ):
        headers = browser.get(address).headers

        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert browser.get("/").headers["cache-control"] == "no-store"


def test_nothing_on_a_page_needs_what_the_policy_forbids_or_comes_from_elsewhere(console):
    browser = console.signed_in("admin")
    for address in ("/", "/studies", "/jobs", "/deliveries", "/destinations", "/users", "/audit"):
        page = browser.get(address).text

        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "http://" not in page
        assert "https://" not in page
        assert "RESEARCH USE ONLY" in page


def test_a_node_without_users_says_how_to_make_one(console):
    with console.ledger.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM users")

    assert "senoscope users add NAME --role admin" in console.browser().get("/sign-in").text


@pytest.mark.parametrize("password", ["short", "ada-is-my-name", "aaaaaaaaaaaaaa", "x" * 201])
def test_a_password_that_is_easy_to_guess_is_refused(password):
    with pytest.raises(RefusedError, match="password"):
        check_password("ada", password)


def test_a_password_is_kept_as_argon2id_and_never_alike():
    passwords = Passwords()

    first, second = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)

    assert first.startswith("$argon2id$")
    assert first != second


def test_a_token_counts_for_as_long_as_it_was_made_for_and_then_says_so(console, clock):
    browser = console.signed_in("viewer")
    page = post(browser, "/account", "/account/tokens", label="nightly", days="2").text
    token = re.search(r"<code>([\w-]{40,})</code>", page)[1]
    program = console.browser()
    program.headers["Authorization"] = f"Bearer {token}"
    assert program.get("/api/v1/me").status_code == 200

    clock.pass_(2 * 24 * 3600)

    answer = program.get("/api/v1/me", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "the token nightly has run out: make another"
    assert "ran out" in console.signed_in("viewer").get("/account").text


@pytest.mark.parametrize("days", ["0", "3651", "-1", "1e3", "", "99999"])
def test_a_token_cannot_be_made_for_no_time_or_for_ever(console, days):
    answer = post(
        console.signed_in("viewer"), "/account", "/account/tokens", label="nightly", days=days
    )

    assert answer.status_code == 409
    assert "1 to 3650 days" in answer.text
    assert console.ledger.api_tokens() == []


def test_a_token_that_ran_out_keeps_nobody_from_signing_in(console, clock):
    program = console.program("viewer")
    clock.pass_(366 * 24 * 3600)

    for _ in range(MOST_FAILURES + 1):
        assert program.get("/api/v1/me").status_code == 401

    assert sign_in(console.browser(), "viewer", PASSWORD).status_code == 303
