"""Forms, addresses and headers that no browser of ours would send: none breaks the console."""

import socket

import httpx
import pytest
from consoles import csrf, filled, served

from service.console.describing import addresses

FIELDS = (
    "name", "role", "password", "old", "new", "label", "text", "base", "replaces", "study",
    "calling", "destination", "next", "days",
)  # fmt: skip
VALUES = {
    "nothing": b"",
    "NUL": b"%00",
    "no UTF-8": b"%ff%fe",
    "raw bytes": b"\xff\x80",
    "half a surrogate": b"%ed%b2%80" * 13,
    "broken escape": b"%zz%",
    "lines": b"a%0d%0aX-Odd:%201",
    "emoji": "😀".encode() * 13,
    "much": b"a" * 60_000,
    "a number": b"9" * 5_000,
}
QUERY = "text={0}&state={0}&who={0}&action={0}&destination={0}&next={0}&offset={0}&against={0}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEADERS = {
    "cookies": b'Cookie: senoscope=\xff\xfe; senoscope-form="\\015\\012"; ; =; a',
    "a long cookie": b"Cookie: senoscope=" + b"a" * 50_000,
    "a token": b"Authorization: Bearer \xff\xfe",
    "a referer": b"Referer: http://[::1",
    "a proxy": b"X-Forwarded-For: \xff, 1.2.3.4\r\nX-Forwarded-Proto: javascript",
    "htmx": b"HX-Request: true\r\nHX-Current-URL: \xff",
    "a range": b"Range: bytes=0-1,99999999999999999999-",
    "many": b"\r\n".join(b"X-%d: a" % number for number in range(2_000)),
}


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with served(tmp_path_factory.mktemp("console")) as found:
        yield found


@pytest.fixture(scope="module")
def admin(console):
    return console.signed_in("admin")


def is_well(answer) -> bool:
    return answer.status_code < 500 and "Traceback" not in answer.text


@pytest.mark.parametrize("odd", VALUES)
def test_no_field_of_a_form_breaks_a_page(console, admin, odd):
    word = csrf(admin.get("/account").text)
    fields = b"".join(
        b"&%s=%s&%s=again" % (one.encode(), VALUES[odd], one.encode()) for one in FIELDS
    )
    for path, method, _ in addresses(console.app):
        if method != "POST" or path.startswith(("/api", "/dicom-web")) or path == "/sign-out":
            continue
        for content in (f"csrf={word}".encode() + fields, fields):
            answer = admin.post(filled(path), content=content, headers=FORM)

            assert is_well(answer), (path, answer.text)
    assert admin.get("/").status_code == 200


@pytest.mark.parametrize("odd", ["%00", "%ff", "-1", "9" * 30, "%25_", "%0d%0a", "a" * 5_000])
def test_no_query_breaks_a_page(console, admin, odd):
    for path, method, _ in addresses(console.app):
        if method == "GET" and not path.startswith(
            ("/api", "/sign-in/oidc", "/metrics", "/readyz")
        ):
            answer = admin.get(f"{filled(path)}?{QUERY.format(odd)}")

            assert is_well(answer), (path, answer.text)


@pytest.mark.parametrize("odd", HEADERS)
def test_no_header_breaks_an_answer(console, odd):
    url = httpx.URL(console.url)
    for path in ("/", "/sign-in", "/api/v1/me", "/static/console.css"):
        asked = (
            f"GET {path} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nAccept: text/html\r\n".encode()
        )
        with socket.create_connection((url.host, url.port), timeout=20) as one:
            one.sendall(asked + HEADERS[odd] + b"\r\nConnection: close\r\n\r\n")
            status = one.makefile("rb").readline()

        assert int(status.split()[1]) < 500, (path, status)
