"""Results that go out over TLS: to dcmtk's storescp."""

import shutil

import pytest
from authority import Authority
from loopback import NODE
from peers.dcmtk import storescp
from phantoms import mammogram, saved

from service.delivery.peer import Address, Patience, Peer
from service.errors import UnavailableError
from service.tls import client_context

USUAL = Patience()


@pytest.fixture
def ca(tmp_path):
    return Authority(tmp_path)


def peer(port: int, *files, host: str = "127.0.0.1") -> Peer:
    ca, cert, key = (*files, None, None)[:3]
    return Peer(Address("PACS", host, port), NODE, USUAL, lambda: client_context(ca, cert, key))


@pytest.fixture
def image():
    return mammogram("LCC", rows=96, columns=64)


def send(to: Peer, image, folder) -> None:
    offer = str(image.SOPClassUID), str(image.file_meta.TransferSyntaxUID)
    with to.linked({offer}) as link:
        link.send(saved(image, folder))


def test_dcmtk_takes_a_result_over_tls(tmp_path, ca, image):
    theirs = ca.issue("pacs.example.org")
    with storescp(tmp_path / "pacs", "+tls", str(theirs.key), str(theirs.cert), "-ic") as pacs:
        peer(pacs.port, ca.file).echo()
        send(peer(pacs.port, ca.file), image, tmp_path)

        assert pacs.instances() == [image.SOPInstanceUID]


def test_a_certificate_of_somebody_else_is_refused_with_its_reason(tmp_path, ca, image):
    theirs = Authority(tmp_path, "stranger").issue("pacs.example.org")
    with (
        storescp(tmp_path / "pacs", "+tls", str(theirs.key), str(theirs.cert), "-ic") as pacs,
        pytest.raises(UnavailableError, match=r"no TLS to .*its certificate is not good"),
    ):
        send(peer(pacs.port, ca.file), image, tmp_path)


def test_a_certificate_for_another_host_is_refused_with_its_reason(tmp_path, ca, image):
    theirs = ca.issue("pacs.example.org")
    with (
        storescp(tmp_path / "pacs", "+tls", str(theirs.key), str(theirs.cert), "-ic") as pacs,
        pytest.raises(UnavailableError, match="not good: Hostname mismatch"),
    ):
        send(peer(pacs.port, ca.file, host="localhost"), image, tmp_path)


def test_a_peer_that_asks_who_we_are_is_shown_our_certificate(tmp_path, ca, image):
    theirs, ours = ca.issue("pacs.example.org"), ca.issue("node.example.org")
    asking = ("+tls", str(theirs.key), str(theirs.cert), "-rc", "+cf", str(ca.file))
    with storescp(tmp_path / "pacs", *asking) as pacs:
        with pytest.raises(UnavailableError, match=r"no TLS to .*the handshake fails"):
            send(peer(pacs.port, ca.file), image, tmp_path)
        send(peer(pacs.port, ca.file, ours.cert, ours.key), image, tmp_path)

        assert pacs.instances() == [image.SOPInstanceUID]


def test_a_peer_that_speaks_no_tls_is_unavailable(tmp_path, ca, image):
    with (
        storescp(tmp_path / "pacs") as pacs,
        pytest.raises(UnavailableError),
    ):
        send(peer(pacs.port, ca.file), image, tmp_path)


def test_files_that_are_wrong_are_named(tmp_path, ca, image):
    moved = tmp_path / "gone.pem"
    shutil.copy(ca.file, moved)
    there = peer(1, moved)
    moved.unlink()

    with pytest.raises(UnavailableError, match=r"gone\.pem: No such file"):
        send(there, image, tmp_path)
