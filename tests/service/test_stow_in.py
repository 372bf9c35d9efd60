"""Objects that come in by HTTP: STOW-RS, PS3.18 10.5."""

import json
import socket
import ssl
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import httpx
import psutil
import pytest
import trustme
from clock import now
from hypothesis import given
from hypothesis import strategies as st
from loopback import ct, explicit
from lxml import etree
from peers.dcmtk import storescu
from phantoms import mammogram, saved
from prometheus_client import CollectorRegistry
from pydicom import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom.dsutils import create_file_meta, encode_file_meta

from service.errors import BadObjectError, RefusedError
from service.http import stow
from service.http.app import make_app
from service.http.entrance import MOST_FAILURES, Entrance, TurnedAwayError
from service.http.multipart import LONGEST_HEADERS, Begin, End, Multipart
from service.http.part10 import Head
from service.http.server import Patient, listen, serve_http
from service.http.stow import stow_router
from service.http.stow_answer import KEPT_AS_VERSION
from service.http.tokens import Tokens
from service.http.upload import Gate
from service.intake.part import Intake
from service.intake.taking import Taking
from service.ledger.canary import AE_TITLE as CANARY
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.listener.syntaxes import ACCEPTED
from service.metrics import Metrics
from service.networks import network
from service.tls import server_context

SMALL = {"rows": 96, "columns": 64}
STUDIES = "/dicom-web/studies"
BOUNDARY = "senoscope-boundary"
UID, STUDY = "1.2.3.9.1", "1.2.3.9"


class Gateway:
    """The HTTP port with a real spool and ledger behind it, and a client with a token."""

    def __init__(self, folder: Path, low_water: int, largest: int, most: int, stalled_s: float):
        self.spool = Spool(folder / "received")
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", now)
        self.registry = CollectorRegistry()
        self.tokens = Tokens(folder / "tokens")
        self.token = self.tokens.add("MAMMO1")
        router = stow_router(
            Gate(
                Taking(self.spool, self.ledger, Metrics(self.registry, "test"), now),
                Intake(self.spool, low_water, largest),
                frozenset(ACCEPTED),
            ),
            Entrance(self.tokens, lambda: [("MAMMO*", ()), ("SENO*", ())], most),
            stalled_s,
        )
        app = make_app("test", self.registry, list, [router])
        self.server = serve_http(app, listen("127.0.0.1", 0))
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.server.port}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )

    @property
    def port(self) -> int:
        return self.server.port

    def close(self) -> None:
        self.client.close()
        self.server.stop()
        self.ledger.close()

    def post(self, body, study: str = "", **headers: str) -> httpx.Response:
        path = f"{STUDIES}/{study}" if study else STUDIES
        return self.client.post(path, content=body, headers=content_type() | headers)

    def left_behind(self) -> list[Path]:
        return list(self.spool.temporary().parent.iterdir())

    def reasons(self) -> list[str]:
        return [refusal.reason for refusal in reversed(self.ledger.refusals())]


@contextmanager
def gateway(
    folder: Path,
    low_water: int = 0,
    largest: int = 1 << 30,
    most: int = 4,
    stalled_s: float = 60.0,
):
    opened = Gateway(folder, low_water, largest, most, stalled_s)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def node(tmp_path):
    with gateway(tmp_path) as opened:
        yield opened


def content_type(kind: str = "application/dicom") -> dict[str, str]:
    return {"Content-Type": f'multipart/related; type="{kind}"; boundary={BOUNDARY}'}


def body(*files: bytes) -> bytes:
    parts = b"".join(
        b"--%b\r\nContent-Type: application/dicom\r\n\r\n%b\r\n" % (BOUNDARY.encode(), file)
        for file in files
    )
    return parts + b"--%b--\r\n" % BOUNDARY.encode()


def part10(
    content: bytes, uid: str = UID, syntax: str = ExplicitVRLittleEndian, kind: str = CTImageStorage
) -> bytes:
    meta = create_file_meta(sop_class_uid=kind, sop_instance_uid=uid, transfer_syntax=syntax)
    return bytes(128) + b"DICM" + encode_file_meta(meta) + content


def written(image: Dataset) -> bytes:
    file = BytesIO()
    image.save_as(file, enforce_file_format=True)
    return file.getvalue()


def answered(response: httpx.Response) -> Dataset:
    assert response.headers["content-type"] == "application/dicom+json"
    return Dataset.from_json(response.json())


def test_what_is_answered_ok_lies_in_the_spool_byte_for_byte(node):
    images = [mammogram("RCC", **SMALL), mammogram("LCC", **SMALL)]

    response = node.post(body(*map(written, images)))

    assert response.status_code == 200
    told = answered(response)
    assert [one.ReferencedSOPInstanceUID for one in told.ReferencedSOPSequence] == [
        image.SOPInstanceUID for image in images
    ]
    for image in images:
        assert node.spool.read(image.SOPInstanceUID) == image
    rows = node.ledger.instances(images[0].StudyInstanceUID)
    assert {(row.calling_ae_title, row.view) for row in rows} == {
        ("MAMMO1", "RCC"),
        ("MAMMO1", "LCC"),
    }
    assert node.left_behind() == []


def test_other_bytes_under_a_uid_that_is_there_are_kept_and_the_sender_is_warned(node):
    node.post(body(part10(ct())))

    response = node.post(body(part10(ct(pixels=2))))

    assert response.status_code == 202
    (kept,) = answered(response).ReferencedSOPSequence
    assert kept.WarningReason == KEPT_AS_VERSION
    assert len(node.ledger.versions(UID)) == 2


def test_a_token_in_the_name_of_canaries_opens_no_way_to_the_urgent_lane(node):
    token = node.tokens.add(CANARY)

    response = node.post(body(part10(ct())), Authorization=f"Bearer {token}")

    assert response.status_code == 409
    assert node.reasons() == ["not the canary that is under way"]


def test_the_same_again_is_answered_ok_and_adds_nothing(node):
    assert [node.post(body(part10(ct()))).status_code for _ in range(2)] == [200, 200]

    assert len(node.ledger.versions(UID)) == 1


def test_of_several_each_is_told_what_became_of_it(node):
    bad = ct(uid="1.2.3.9.2")[:-4]

    response = node.post(body(part10(ct()), part10(bad, uid="1.2.3.9.2"), b"no DICOM" * 40))

    assert response.status_code == 202
    told = answered(response)
    assert told.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == UID
    (failed,) = told.FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == ("1.2.3.9.2", 0xC000)
    assert told.OtherFailuresSequence[0].FailureReason == 0xC000
    assert node.left_behind() == []


def test_the_log_tells_once_that_objects_of_a_study_come_by_a_request(node, caplog):
    caplog.set_level("INFO", "service.intake.taking")

    node.post(body(part10(ct()), part10(ct(uid="1.2.3.9.2"), uid="1.2.3.9.2")))

    assert [one.message for one in caplog.records if "objects of it come" in one.message] == [
        "study 1.2.3.9: objects of it come from MAMMO1"
    ]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (part10(ct(), uid="1.2.3.9.7"), 0xA900),
        (part10(ct(), kind="1.2.840.10008.5.1.4.1.1.4"), 0xA900),
        (part10(ct(), syntax="1.2.840.10008.1.2.4.100"), 0xC122),
        (
            part10(
                explicit(0x00080016, b"UI", b"1.2.3.4")
                + explicit(0x00080018, b"UI", UID.encode())
                + explicit(0x0020000D, b"UI", b"1.2.3.9")
                + explicit(0x0020000E, b"UI", b"1.2.3.9.0"),
                kind="1.2.3.4",
            ),
            0x0122,
        ),
        (part10(explicit(0x00020010, b"UI", b"1.2") + ct()), 0xC000),
    ],
)
def test_what_cannot_be_taken_is_a_conflict_with_its_reason(node, file, reason):
    response = node.post(body(file))

    assert response.status_code == 409
    assert answered(response).FailedSOPSequence[0].FailureReason == reason
    assert node.reasons()
    assert node.ledger.versions(UID) == []


def test_the_study_in_the_path_is_that_of_every_object(node):
    assert node.post(body(part10(ct())), study=STUDY).status_code == 200
    assert node.post(body(part10(ct())), study="1.2.3.8").status_code == 409
    assert node.post(body(part10(ct())), study="x").status_code == 400


def test_an_object_that_is_too_large_is_refused_while_it_comes(tmp_path):
    with gateway(tmp_path, largest=1_000_000) as node:
        response = node.post(
            body(part10(ct(pixels=3_000_000)), part10(ct("1.2.3.9.2"), "1.2.3.9.2"))
        )

        assert response.status_code == 202
        assert answered(response).FailedSOPSequence[0].FailureReason == 0xC000
        assert node.reasons() == ["larger than 1 MB"]


def test_xml_is_answered_to_who_asks_for_it(node):
    response = node.post(body(part10(ct())), Accept="application/dicom+xml")

    assert response.headers["content-type"] == "application/dicom+xml"
    root = etree.fromstring(response.content)
    (value,) = root.findall(".//DicomAttribute[@keyword='ReferencedSOPInstanceUID']/Value")
    assert value.text == UID


def test_who_has_no_token_or_a_wrong_one_or_one_that_ended_is_turned_away(node):
    for authorization in ["", "Bearer x", f"Basic {node.token}", f"Bearer {node.token}x"]:
        response = node.post(body(part10(ct())), Authorization=authorization)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"

    node.tokens.remove("MAMMO1")
    assert node.post(body(part10(ct()))).status_code == 401
    assert node.ledger.versions(UID) == []


def test_a_name_that_no_route_has_may_not_send(node):
    token = node.tokens.add("OTHER")

    response = node.post(body(part10(ct())), Authorization=f"Bearer {token}")

    assert response.status_code == 403
    assert "no route names OTHER" in response.json()["error"]


def test_who_guesses_tokens_must_wait(node):
    guesses = [
        node.post(b"", Authorization=f"Bearer {number}").status_code
        for number in range(MOST_FAILURES + 1)
    ]

    assert guesses == [401] * MOST_FAILURES + [429]
    assert node.post(body(part10(ct()))).headers["retry-after"]


def test_without_a_file_of_tokens_nobody_may_send():
    entrance = Entrance(None, lambda: [("*", ())], 1)

    with pytest.raises(TurnedAwayError, match="tokens_file is not set"):
        entrance.admit("Bearer x", "127.0.0.1")


def test_who_comes_from_another_network_is_turned_away_whatever_the_token(tmp_path):
    tokens = Tokens(tmp_path / "tokens")
    right = f"Bearer {tokens.add('MAMMO1')}"
    entrance = Entrance(tokens, lambda: [("*", ())], 1, [network("10.0.0.0/8")])

    assert entrance.admit(right, "10.1.2.3") == "MAMMO1"
    assert entrance.admit(right, "::ffff:10.1.2.3") == "MAMMO1"
    with pytest.raises(TurnedAwayError, match="from that address"):
        entrance.admit(right, "192.168.0.1")


def test_a_token_lets_nobody_around_the_networks_of_the_routes(tmp_path):
    tokens = Tokens(tmp_path / "tokens")
    right = f"Bearer {tokens.add('MAMMO1')}"
    entrance = Entrance(tokens, lambda: [("*", ()), ("MAMMO*", [network("10.0.0.0/8")])], 1)

    assert entrance.admit(right, "10.1.2.3") == "MAMMO1"
    with pytest.raises(TurnedAwayError, match="from that address"):
        entrance.admit(right, "192.168.0.1")


def test_tokens_are_kept_as_digests_in_a_file_of_ones_own(tmp_path):
    tokens = Tokens(tmp_path / "tokens")
    token = tokens.add("MAMMO1")

    assert token not in tokens.path.read_text()
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    assert tokens.name_of(token) == "MAMMO1"
    with pytest.raises(RefusedError, match="has a token"):
        tokens.add("MAMMO1")
    with pytest.raises(RefusedError, match="no AE title"):
        tokens.add("much too long for an AE title")


def test_a_full_disk_is_asked_to_come_back(tmp_path):
    with gateway(tmp_path, low_water=1 << 60) as node:
        response = node.post(body(part10(ct())))

        assert response.status_code == 503
        assert response.headers["retry-after"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (body(), content_type(), 400),
        (b"", content_type(), 400),
        (body(part10(ct()))[:-20], content_type(), 400),
        (b"x" * 100_000, content_type(), 400),
        (body(), content_type("application/dicom+json"), 415),
        (body(), {"Content-Type": "application/dicom"}, 415),
        (body(), {"Content-Type": "multipart/related"}, 400),
    ],
)
def test_a_request_that_is_broken_is_answered_so(node, content, headers, status):
    assert node.client.post(STUDIES, content=content, headers=headers).status_code == status
    assert node.left_behind() == []


def test_a_body_that_stalls_is_ended_and_leaves_nothing(tmp_path):
    with gateway(tmp_path, stalled_s=0.5) as node, raw(node) as sender:
        sender.sendall(body(part10(ct(pixels=600_000)))[:400_000])

        assert b" 408 " in sender.recv(4096)
        assert node.left_behind() == []
        assert node.reasons() == ["nothing came for 0.5 s, or too little"]


def test_a_sender_that_goes_away_leaves_nothing(node):
    with raw(node) as sender:
        sender.sendall(body(part10(ct(pixels=600_000)))[:400_000])

    until(node.reasons)
    assert node.left_behind() == []
    assert node.ledger.versions(UID) == []


def test_a_connection_without_a_request_is_ended(node, monkeypatch):
    monkeypatch.setattr(Patient, "opening_s", 0.3)

    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as silent:
        silent.sendall(b"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\n")
        assert silent.recv(100) == b""


def test_headers_that_drip_are_not_waited_for_on_a_connection_that_was_used(node, monkeypatch):
    monkeypatch.setattr(Patient, "opening_s", 0.3)

    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        told = slow.recv(4096)
        if not told.endswith(b"}"):  # its body comes behind its headers
            told += slow.recv(4096)
        assert b"200 OK" in told
        slow.sendall(b"GET /healthz HTTP/1.1\r\nA: ")
        assert slow.recv(100) == b""


def test_a_body_that_drips_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(stow, "SLOWEST", 1 << 30)
    with gateway(tmp_path, stalled_s=0.5) as node, raw(node) as sender:
        sender.settimeout(0.1)
        answer = b""
        for byte in body(part10(ct()))[:100]:
            sender.sendall(bytes([byte]))
            with suppress(TimeoutError):
                answer = sender.recv(4096)
            if answer:
                break

        assert b" 408 " in answer


def test_an_upload_too_many_is_asked_to_come_back(tmp_path):
    with gateway(tmp_path, most=1) as node, raw(node) as sender:
        sender.sendall(body(part10(ct(pixels=600_000)))[:400_000])
        until(node.left_behind)

        assert node.post(body(part10(ct()))).status_code == 503


@contextmanager
def raw(node: Gateway):
    """Begin a request whose body is sent by hand."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connected:
        kind = content_type()["Content-Type"]
        connected.sendall(
            f"POST {STUDIES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {node.token}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: 5000000\r\n\r\n".encode()
        )
        yield connected


def until(holds, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


PARTS = st.lists(st.binary(max_size=60).filter(lambda part: b"\r\n--b" not in part), max_size=4)


@given(parts=PARTS, data=st.data(), preamble=st.binary(max_size=9))
def test_a_body_is_taken_apart_alike_in_whatever_pieces_it_comes(parts, data, preamble):
    begun = b"" if b"\n" in preamble or b"\r" in preamble else preamble + b"\r\n"
    whole = (
        begun
        + b"".join(b"--b \t\r\nA: x\r\n\r\n%b\r\n" % part for part in parts)
        + b"--b--epilogue"
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    parser = Multipart("b")

    events = [
        event
        for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)
        for event in parser.feed(whole[start:end])
    ]
    parser.finish()

    found: list[bytes] = []
    for event in events:
        if isinstance(event, Begin):
            assert event.headers == {"a": "x"}
            found.append(b"")
        elif isinstance(event, bytes):
            found[-1] += event
    assert found == parts
    assert sum(isinstance(event, End) for event in events) == len(parts)


@given(pieces=st.lists(st.binary(max_size=80) | st.sampled_from([b"\r\n--b\r\n", b"--b--"])))
def test_whatever_comes_is_taken_apart_or_refused(pieces):
    parser = Multipart("b")

    with suppress(BadObjectError):  # anything else fails
        for piece in pieces:
            assert all(isinstance(event, Begin | End | bytes) for event in parser.feed(piece))
        parser.finish()


@given(pieces=st.lists(st.binary(max_size=200)), magic=st.booleans())
def test_whatever_a_file_begins_with_is_read_or_refused(pieces, magic):
    head = Head()
    start = bytes(128) + b"DICM\2\0\0\0UL\4\0\x20\0\0\0" if magic else b""

    with suppress(BadObjectError):  # anything else fails
        for piece in [start, *pieces]:
            if head.feed(piece) is not None:
                break


def test_headers_without_end_are_refused():
    parser = Multipart("b")

    with pytest.raises(BadObjectError, match="KiB of headers"):
        list(parser.feed(b"--b\r\nA: " + b"x" * 2 * LONGEST_HEADERS))


def test_the_answer_is_json_that_others_read(node):
    told = json.loads(node.post(body(part10(ct()))).content)

    assert told["00081199"]["Value"][0]["00081155"]["Value"] == [UID]


@pytest.fixture
def secured(tmp_path):
    """The HTTP port with TLS, and the certificate of who vouches for it."""
    ca = trustme.CA()
    door = ca.issue_cert("127.0.0.1")
    (tmp_path / "key.pem").touch(mode=0o600)
    door.private_key_pem.write_to_path(tmp_path / "key.pem")
    door.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = server_context(tmp_path / "cert.pem", tmp_path / "key.pem")
    app = make_app("test", CollectorRegistry(), list)
    server = serve_http(app, listen("127.0.0.1", 0), context)
    yield server.port, tmp_path / "ca.pem"
    server.stop()


def test_the_port_speaks_tls_where_it_has_a_certificate(secured):
    port, ca = secured

    trusting = ssl.create_default_context(cafile=str(ca))
    assert httpx.get(f"https://127.0.0.1:{port}/healthz", verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://127.0.0.1:{port}/healthz")
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")


def test_orthanc_sends_by_stow(node, orthanc, tmp_path):
    images = [mammogram("RCC", **SMALL), mammogram("LCC", **SMALL)]
    files = [saved(image, tmp_path) for image in images]
    storescu(files, orthanc.dicom_port, called=orthanc.ae_title)
    base = f"http://127.0.0.1:{orthanc.http_port}"
    server = {
        "Url": f"http://127.0.0.1:{node.port}/dicom-web/",
        "HttpHeaders": {"Authorization": f"Bearer {node.token}"},
    }
    httpx.put(f"{base}/dicom-web/servers/node", json=server).raise_for_status()
    held = httpx.get(f"{base}/instances").json()

    sent = httpx.post(f"{base}/dicom-web/servers/node/stow", json={"Resources": held}, timeout=60)

    assert sent.status_code == 200, sent.text
    for image in images:
        assert node.spool.read(image.SOPInstanceUID).PixelData == image.PixelData


def test_curl_sends_a_file_that_stands_on_the_disk(node, tmp_path):
    (tmp_path / "body").write_bytes(body(part10(ct(pixels=3_000_000))))
    where = f"http://127.0.0.1:{node.port}{STUDIES}"

    options = [
        "--header",
        f"Authorization: Bearer {node.token}",
        "--header",
        "Expect: 100-continue",
    ]
    options += ["--header", f"Content-Type: {content_type()['Content-Type']}"]
    told = subprocess.run(
        ["curl", "-sS", "--fail", "--data-binary", f"@{tmp_path / 'body'}", *options, where],
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert json.loads(told.stdout)["00081199"]["Value"]
    assert node.spool.path(UID).stat().st_size > 3_000_000


def test_memory_does_not_grow_with_the_object(node):
    """One part of 300 MB is taken with less than 40 MB more than one of 3 MB."""
    process = psutil.Process()
    node.post(body(part10(ct(pixels=3_000_000))))
    most = [before := process.memory_info().rss]
    chunk = bytes(1 << 20)

    def streamed():
        whole = body(
            part10(ct(uid="1.2.3.9.5", pixels=0)[:-4] + struct.pack("<L", 300 << 20), "1.2.3.9.5")
        )
        end = whole.rindex(b"\r\n--")
        yield whole[:end]
        for _ in range(300):
            most.append(process.memory_info().rss)
            yield chunk
        yield whole[end:]

    assert node.post(streamed()).status_code == 200
    assert max(most) - before < 40 << 20
