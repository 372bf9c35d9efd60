"""Results that go out by STOW-RS: to Orthanc, and to services that answer well and badly."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from authority import Authority
from clock import Clock
from owing import Owing
from phantoms import mammogram, saved
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from service.delivery.answers import DestinationError
from service.delivery.credentials import basic, bearer
from service.delivery.peer import Patience
from service.delivery.sender import Sender
from service.delivery.stow import Stow
from service.demo.orthanc import free_port
from service.errors import RefusedError, UnavailableError
from service.ledger.records import DeliveryState
from service.tls import client_context, server_context

USUAL = Patience()
HASTY = Patience(connect_s=1, acse_s=1, dimse_s=1)
SMALL = {"rows": 96, "columns": 64}


def nobody() -> str:
    return ""


def no_tls():
    raise AssertionError("plain HTTP needs no TLS")


def stow(url: str, authorization=nobody, tls=no_tls, patience=USUAL) -> Stow:
    return Stow(url, authorization, tls, patience)


@contextmanager
def service(answer, context=None):
    """Run a web service that answers what `answer` returns for each request: status and body.

    Yield its URL and the requests: (headers, body).
    """
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((dict(self.headers), body))
            self.respond(body)

        def do_GET(self):
            self.respond(b"")

        def respond(self, body):
            status, told = answer(body)
            said = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    scheme = "http" if context is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}/studies", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file_of(body: bytes):
    return dcmread(BytesIO(body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]))


def told(uid: str, reason: int, sequence: str = "00081198", tag: str = "00081197"):
    """Return the answer that gives `reason` for the object."""
    item = {"00081155": {"vr": "UI", "Value": [uid]}, tag: {"vr": "US", "Value": [reason]}}
    return {sequence: {"vr": "SQ", "Value": [item]}}


def send(target: Stow, path) -> str:
    with target.linked(set()) as line:
        return line.send(path)


@pytest.fixture
def image():
    return mammogram("LCC", **SMALL)


@pytest.fixture
def owing(tmp_path):
    made = Owing(tmp_path, Clock())
    yield made
    made.ledger.close()


def test_orthanc_keeps_what_it_is_sent_byte_for_byte(owing, orthanc):
    uids = [owing.owe("web") for _ in range(3)]
    target = stow(f"http://127.0.0.1:{orthanc.http_port}/dicom-web/studies")

    target.echo()
    Sender("web", owing.outbox(), owing.way("web")).send_due(target, threading.Event())

    assert owing.states() == dict.fromkeys(uids, DeliveryState.SENT)
    assert orthanc.instances() == sorted(uids)
    for uid in uids:
        assert orthanc.file(uid) == owing.spool.path(uid).read_bytes()


def test_orthanc_says_what_of_a_broken_file_it_did_not_take(orthanc, tmp_path, image):
    path = saved(image, tmp_path)
    path.write_bytes(path.read_bytes()[:600])  # its head is whole

    with pytest.raises((RefusedError, UnavailableError)):
        send(stow(f"http://127.0.0.1:{orthanc.http_port}/dicom-web/studies"), path)

    assert orthanc.instances() == []


def test_the_request_is_one_part_of_the_announced_length(tmp_path, image):
    path = saved(image, tmp_path)
    with service(lambda _: (200, {})) as (url, came):
        assert send(stow(url), path) == ""

    ((headers, body),) = came
    assert int(headers["Content-Length"]) == len(body)
    assert headers["Content-Type"].startswith('multipart/related; type="application/dicom"')
    assert headers["Accept"] == "application/dicom+json"
    assert file_of(body).SOPInstanceUID == image.SOPInstanceUID


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (409, 0xA900, RefusedError),
        (409, 0xC000, RefusedError),
        (409, 0x0122, RefusedError),
        (200, 0x0124, RefusedError),
        (202, 0x0110, UnavailableError),
        (409, 0xA700, DestinationError),
    ],
)
def test_a_reason_counts_for_more_than_the_status(tmp_path, image, status, reason, error):
    answer = told(image.SOPInstanceUID, reason)
    with service(lambda _: (status, answer)) as (url, _), pytest.raises(error, match="status"):
        send(stow(url), saved(image, tmp_path))


def test_a_reason_for_another_object_is_none_for_this_one(tmp_path, image):
    with service(lambda _: (200, told("1.2.3", 0xC000))) as (url, _):
        assert send(stow(url), saved(image, tmp_path)) == ""


def test_a_warning_is_kept(tmp_path, image):
    answer = told(image.SOPInstanceUID, 0xB007, "00081199", "00081196")
    with service(lambda _: (202, answer)) as (url, _):
        assert "B007H" in send(stow(url), saved(image, tmp_path))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, DestinationError),
        (400, RefusedError),
        (401, DestinationError),
        (403, DestinationError),
        (404, DestinationError),
        (409, RefusedError),
        (413, RefusedError),
        (415, RefusedError),
        (429, DestinationError),
        (500, DestinationError),
        (503, DestinationError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[1]", b'{"00081198": 3}', b"[[]]"])
def test_where_no_reason_is_given_the_status_decides(tmp_path, image, status, error, body):
    with (
        service(lambda _: (status, body)) as (url, _),
        pytest.raises(error, match=str(status)) as raised,
    ):
        send(stow(url), saved(image, tmp_path))

    assert type(raised.value) is error


def test_what_a_service_does_not_take_compressed_is_sent_uncompressed(tmp_path):
    image = mammogram("LCC", transfer_syntax=JPEGLSLossless, **SMALL)

    def picky(body):
        is_compressed = file_of(body).file_meta.TransferSyntaxUID.is_compressed
        return (409, told(image.SOPInstanceUID, 0xC122)) if is_compressed else (200, {})

    with service(picky) as (url, came):
        assert send(stow(url), saved(image, tmp_path)) == ""

    assert [file_of(body).file_meta.TransferSyntaxUID for _, body in came] == [
        JPEGLSLossless,
        ExplicitVRLittleEndian,
    ]


def test_a_service_that_is_away_is_the_destinations_fault(owing):
    owing.owe("web")
    target = stow(f"http://127.0.0.1:{free_port()}/studies")
    one = Sender("web", owing.outbox(), owing.way("web"))

    for _ in range(3):
        one.send_due(target, threading.Event())
        owing.clock.pass_(60)

    (row,) = owing.ledger.deliveries()
    assert owing.up == {"web": False}
    assert "cannot be reached" in row.error
    with pytest.raises(UnavailableError, match="cannot be reached"):
        target.echo()


def test_a_service_that_says_nothing_is_given_up_in_time(tmp_path, image):
    hung = threading.Event()
    with service(lambda _: (200, {}) if hung.wait(10) else (500, {})) as (url, _):
        with pytest.raises(DestinationError, match="in time"):
            send(stow(url, patience=HASTY), saved(image, tmp_path))
        hung.set()


def test_secrets_are_read_whenever_they_are_needed(tmp_path, image):
    path, token, password = saved(image, tmp_path), tmp_path / "token", tmp_path / "password"
    password.write_text("geheim\n")
    with service(lambda _: (200, {})) as (url, came):
        for secret in ("first", "second"):
            token.write_text(secret + "\n")
            send(stow(url, lambda: bearer(token)), path)
        send(stow(url, lambda: basic("node", password)), path)
        token.unlink()
        with pytest.raises(DestinationError, match="token: No such file") as raised:
            send(stow(url, lambda: bearer(token)), path)

    sent = [headers["Authorization"] for headers, _ in came]
    assert sent == ["Bearer first", "Bearer second", "Basic bm9kZTpnZWhlaW0="]
    assert "second" not in str(raised.value)


def test_a_service_is_spoken_with_over_tls_if_its_certificate_is_good(tmp_path, image):
    path, ca, other = saved(image, tmp_path), Authority(tmp_path), Authority(tmp_path, "other")
    theirs = ca.issue("pacs.example.org")
    context = server_context(theirs.cert, theirs.key)
    with service(lambda _: (200, {}), context) as (url, came):
        send(stow(url, tls=lambda: client_context(ca.file, None, None)), path)
        with pytest.raises(DestinationError, match="CERTIFICATE_VERIFY_FAILED"):
            send(stow(url, tls=lambda: client_context(other.file, None, None)), path)

    assert len(came) == 1
