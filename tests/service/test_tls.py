"""TLS at the door, with dcmtk at the other side: PS3.15 B.12."""

import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from authority import Authority, Identity
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from loopback import NODE, Raw, dcmtk, door
from peers.programs import until
from phantoms import mammogram

from service.checkup import Checkup
from service.clock import now
from service.errors import BadConfigurationError
from service.parts import Parts
from service.settings import load_settings
from service.tls import Files, Profile, Renewed, client_context, not_after, server_context

DAY = timedelta(days=1)
FAILED, ALERT = (ssl.SSLError, ConnectionError), "alert|reset|EOF|NO_CIPHERS"
"""What a peer notices when it is refused: the alert, unless the connection went first."""
CLOSES, RESETS = struct.pack("ii", 0, 0), struct.pack("ii", 1, 0)
"""SO_LINGER: how who hangs up does it; the probes of some load balancers reset."""


WRONG = {
    "foreign": lambda _, folder: Authority(folder, "stranger").issue("mammo1.example.org"),
    "expired": lambda ca, _: ca.expired("mammo1.example.org"),
    "early": lambda ca, _: ca.issue(
        "mammo1.example.org", not_before=datetime(2999, 1, 1, tzinfo=UTC)
    ),
    "self-signed": lambda _, folder: self_signed(folder),
}
"""Certificates that no door should take, and how they are come by."""


@pytest.fixture
def ca(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path):
    return Authority(tmp_path, "stranger")


@pytest.fixture
def ours(ca):
    return ca.issue("node.example.org")


def made(ours: Identity, ca: Path | None = None, profile: Profile = Profile.BCP195):
    """Return what `dicom.tls_...` of these files make."""
    return Renewed(Files(ours.cert, ours.key, ca, profile)).context


def echo(node, ca: Authority, who: Identity | None = None, *more: str):
    """Return how an echoscu over TLS ended, anonymous or as `who`."""
    shown = ["+tls", str(who.key), str(who.cert)] if who else ["+tla"]
    return dcmtk("echoscu", node.port, *shown, "+cf", str(ca.file), *more)


def only_reason(node) -> str:
    until(node.reasons, 10)
    (reason,) = node.reasons()
    return reason


def test_dcmtk_sends_an_image_over_tls(tmp_path, ca, ours):
    image = mammogram("LCC", rows=96, columns=64)
    image.save_as(tmp_path / "sent.dcm", enforce_file_format=True)
    with door(tmp_path, tls=made(ours)) as node:
        sent = dcmtk(
            "storescu", node.port, "-R", "+tla", "+cf", str(ca.file), tmp_path / "sent.dcm"
        )

        assert sent.returncode == 0, sent.stderr
        assert node.spool.read(image.SOPInstanceUID).PixelData == image.PixelData


def test_dcmtk_is_taken_with_a_certificate_where_one_is_wanted(tmp_path, ca, ours):
    with door(tmp_path, tls=made(ours, ca.file)) as node:
        assert echo(node, ca, ca.issue("mammo1.example.org")).returncode == 0
        assert node.reasons() == []


def test_without_a_certificate_nobody_gets_in_where_one_is_wanted(tmp_path, ca, ours, caplog):
    with door(tmp_path, tls=made(ours, ca.file)) as node:
        assert echo(node, ca).returncode != 0

        told = "TLS refused: the peer has no certificate, and this node wants one, from 127.0.0.1"
        assert only_reason(node) == told
        assert caplog.text.count(told) == 1
        assert "Traceback" not in caplog.text


def test_a_peer_that_has_spoken_already_still_hears_why_it_is_refused(tmp_path, ca, ours):
    context = client_context(ca.file, None, None)
    with door(tmp_path, tls=made(ours, ca.file)) as node, Raw(node.port) as peer:
        peer.socket = context.wrap_socket(peer.socket, server_hostname="127.0.0.1")
        peer.send(bytes(20000))  # TLS 1.3: the peer is done before the node has asked who it is

        with pytest.raises(ssl.SSLError, match="certificate required"):
            peer.receive()


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ("foreign", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("early", "certificate is not yet valid"),
        ("self-signed", "self-signed certificate"),
    ],
)
def test_a_wrong_certificate_is_refused_with_one_line(tmp_path, ca, ours, caplog, which, told):
    who = WRONG[which](ca, tmp_path)
    with door(tmp_path, tls=made(ours, ca.file)) as node:
        assert echo(node, ca, who).returncode != 0

        assert f"the peer's certificate is not accepted: {told}" in only_reason(node)
        assert caplog.text.count(told) == 1
        assert "Traceback" not in caplog.text
        assert count(node, "tls") == 1


def test_a_peer_that_does_not_trust_this_node_is_named_as_such(tmp_path, stranger, ours):
    with door(tmp_path, tls=made(ours)) as node:
        assert echo(node, stranger).returncode != 0

        assert "authority of this node's certificate" in only_reason(node)


def test_a_peer_without_tls_is_told_apart(tmp_path, ours):
    with door(tmp_path, tls=made(ours)) as node:
        assert dcmtk("echoscu", node.port).returncode != 0

        assert "does not speak TLS: switch TLS on" in only_reason(node)


@pytest.mark.parametrize("linger", [CLOSES, RESETS], ids=["closed", "reset"])
def test_who_only_looks_whether_the_port_listens_is_no_refused_peer(tmp_path, ours, linger):
    with door(tmp_path, tls=made(ours)) as node:
        for _ in range(5):
            with Raw(node.port) as probe:
                probe.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                time.sleep(0.1)  # by then the node waits for the first byte

        assert dcmtk("echoscu", node.port).returncode != 0
        assert "does not speak TLS" in only_reason(node)


def test_tls_at_a_door_without_is_written_down(tmp_path, ca):
    with door(tmp_path, acse_s=2) as node:
        assert echo(node, ca).returncode != 0

        assert "no A-ASSOCIATE-RQ" in only_reason(node)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(tmp_path, ours, version):
    with door(tmp_path, tls=made(ours)) as node:
        with pytest.raises(FAILED, match=ALERT):
            shaken(node, version, "ALL:@SECLEVEL=0")

        assert "too old" in only_reason(node)


def test_suites_that_are_not_in_the_profile_are_refused(tmp_path, ours):
    with door(tmp_path, tls=made(ours)) as node:
        with pytest.raises(FAILED, match=ALERT):
            shaken(node, ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256:AES256-SHA:DHE-RSA-AES128-SHA")

        assert "no common cipher suite" in only_reason(node)


@pytest.mark.parametrize(
    ("profile", "version", "spoken"),
    [
        (Profile.BCP195, ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        (Profile.BCP195, ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        (Profile.TLS13, ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        (Profile.TLS13, ssl.TLSVersion.TLSv1_2, None),
    ],
)
def test_a_profile_speaks_what_it_says(tmp_path, ours, profile, version, spoken):
    with door(tmp_path, tls=made(ours, profile=profile)) as node:
        if spoken is None:
            with pytest.raises(FAILED, match=ALERT):
                shaken(node, version)
        else:
            assert shaken(node, version) == spoken


def test_a_peer_that_dawdles_in_the_handshake_is_left_and_holds_up_nobody(tmp_path, ca, ours):
    with door(tmp_path, tls=made(ours), acse_s=1.5) as node, Raw(node.port) as slow:
        begun = time.monotonic()
        stop = threading.Event()
        dripping = threading.Thread(target=drip, args=(slow.socket, stop))
        dripping.start()

        assert echo(node, ca).returncode == 0  # meanwhile
        reason = only_reason(node)
        stop.set()
        dripping.join()

        assert "no handshake in time" in reason or "left within" in reason
        assert time.monotonic() - begun < 10


def test_peers_that_say_nothing_hold_up_nobody_either(tmp_path, ca, ours):
    with door(tmp_path, tls=made(ours), acse_s=5) as node:
        silent = [Raw(node.port) for _ in range(8)]
        assert echo(node, ca).returncode == 0
        for peer in silent:
            peer.socket.close()


def test_an_ae_title_is_for_the_certificate_that_is_named_for_it(tmp_path, ca, ours):
    names = {"MAMMO1": ("mammo1.example.org",)}
    with door(tmp_path, tls=made(ours, ca.file), names=names) as node:
        assert echo(node, ca, ca.issue("mammo1.example.org")).returncode == 0
        assert echo(node, ca, ca.issue("ct1.example.org")).returncode != 0

        assert "dicom.tls_names" in only_reason(node)
        assert count(node, "certificate") == 1


def test_a_certificate_that_is_renewed_is_used_without_a_restart(tmp_path, ca, stranger, ours):
    with door(tmp_path, tls=made(ours)) as node:
        assert echo(node, ca).returncode == 0
        assert echo(node, stranger).returncode != 0

        stranger.issue("node.example.org")  # in the place of the old

        assert echo(node, stranger).returncode == 0


def test_a_renewed_certificate_that_is_wrong_leaves_the_old_in_force(tmp_path, ca, ours, caplog):
    with door(tmp_path, tls=made(ours)) as node:
        ours.cert.write_text("half written")

        assert echo(node, ca).returncode == 0
        assert echo(node, ca).returncode == 0
        assert caplog.text.count("TLS stays as it was") == 1


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda ours, _: ours.cert.unlink(), r"node.example.org.crt: No such file"),
        (lambda ours, _: ours.key.write_text("no key"), "not a certificate and its key in PEM"),
        (lambda ours, ca: swap(ours, ca.issue("other")), "not the key of the certificate"),
        (lambda ours, _: ours.key.chmod(0o644), "every user can reach this private key: chmod o="),
        (lambda ours, _: encrypt(ours.key), "encrypted with a password"),
        (lambda _, ca: ca.expired("node.example.org"), "certificate has expired"),
        (lambda _, ca: ca.file.write_text("no authority"), "no certificates in PEM"),
    ],
)
def test_wrong_files_are_named_at_the_start_in_a_line_that_says_what_to_do(ca, ours, spoil, told):
    spoil(ours, ca)

    with pytest.raises(BadConfigurationError, match=told) as found:
        server_context(ours.cert, ours.key, ca.file)

    assert "\n" not in str(found.value)


def test_when_a_certificate_ends_is_known(ca):
    end = datetime(2099, 5, 6, tzinfo=UTC)
    ours = ca.issue("node.example.org", not_after=end)

    assert not_after(ours.cert, ours.key) == end


@pytest.mark.parametrize(
    ("trusted", "host", "told"),
    [
        ("ca", "127.0.0.2", "IP address mismatch"),
        ("stranger", "127.0.0.1", "unable to get local issuer certificate"),
    ],
)
def test_a_sender_of_ours_checks_whom_it_speaks_with(tmp_path, ours, trusted, host, told):
    Authority(tmp_path, "stranger")
    context = client_context(tmp_path / f"{trusted}.pem", None, None)
    with (
        door(tmp_path, tls=made(ours)) as node,
        Raw(node.port) as peer,
        pytest.raises(ssl.SSLCertVerificationError, match=told),
    ):
        context.wrap_socket(peer.socket, server_hostname=host)


def test_a_sender_of_ours_shows_its_certificate(tmp_path, ca, ours):
    mine = ca.issue("sender.example.org")
    context = client_context(ca.file, mine.cert, mine.key)
    with door(tmp_path, tls=made(ours, ca.file)) as node, Raw(node.port) as peer:
        peer.socket = context.wrap_socket(peer.socket, server_hostname="127.0.0.1")

        assert peer.requested(NODE) == "accepted"


def test_an_expired_certificate_of_a_sender_is_an_error_at_once(ca):
    old = ca.expired("sender.example.org")

    with pytest.raises(BadConfigurationError, match="certificate has expired"):
        client_context(ca.file, old.cert, old.key)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('tls_cert = "a"', "tls_cert and tls_key belong together"),
        ('tls_ca = "a"', "tls_ca without tls_cert"),
        ('tls_cert = "a"\ntls_key = "b"\ntls_names = { A = ["b"] }', "tls_names without tls_ca"),
        ('tls_profile = "ssl3"', "tls_profile"),
        ('networks = ["mammo1.example.org"]', "names are not looked up"),
    ],
)
def test_settings_that_contradict_each_other_are_an_error(tmp_path, text, told):
    (tmp_path / "senoscope.toml").write_text(f"[dicom]\n{text}\n")

    with pytest.raises(BadConfigurationError, match=told):
        load_settings(tmp_path / "senoscope.toml")


def shaken(node, version: ssl.TLSVersion, ciphers: str = "") -> str | None:
    """Return the TLS version that a handshake with exactly this one led to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if ciphers:
        context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", node.port), timeout=10) as raw,
        context.wrap_socket(raw) as secure,
    ):
        return secure.version()


def drip(connection: socket.socket, stop: threading.Event) -> None:
    """Send the beginning of a handshake, a byte at a time."""
    hello = bytes([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]) + os.urandom(200)
    for byte in hello:
        if stop.wait(0.1):
            return
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            return


def self_signed(folder: Path) -> Identity:
    found = Identity(folder / "self.crt", folder / "self.key")
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mammo1")
    subprocess.run(
        [*words, "-keyout", found.key, "-out", found.cert],
        check=True,
        capture_output=True,
    )
    return found


def swap(ours: Identity, other: Identity) -> None:
    ours.key.write_bytes(other.key.read_bytes())


def encrypt(key: Path) -> None:
    loaded = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    )


def count(node, ground: str) -> float | None:
    return node.registry.get_sample_value(
        "senoscope_associations_refused_total", {"reason": ground}
    )


@pytest.mark.parametrize(
    ("days", "ok", "told"),
    [(400, True, "is valid for 3"), (10, True, "renew it soon"), (-1, False, "has expired")],
)
def test_check_says_how_long_the_certificate_lasts(tmp_path, ca, days, ok, told):
    begin = now() + min(days, 0) * 2 * DAY
    ca.issue("node.example.org", not_before=begin - DAY, not_after=now() + days * DAY)
    config = configured(tmp_path)

    found = Checkup(Parts(load_settings(config))).checks()["dicom tls"]()

    assert (found.ok, told in found.detail) == (ok, True), found


def test_a_node_with_a_wrong_certificate_does_not_start_and_says_why_in_a_line(tmp_path, ca):
    ca.expired("node.example.org")
    config = configured(tmp_path)

    told = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--config", config, "--role", "listener"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode != 0
    assert "node.example.org.crt: certificate has expired" in told.stdout + told.stderr
    assert "Traceback" not in told.stdout + told.stderr


def configured(folder: Path) -> Path:
    """Return the settings of a node with TLS, its certificate in that folder."""
    (folder / "routes.toml").write_text("")
    config = folder / "senoscope.toml"
    config.write_text(
        '[dicom]\nport = 0\ntls_cert = "node.example.org.crt"\ntls_key = "node.example.org.key"\n'
    )
    return config
