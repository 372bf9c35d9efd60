"""What goes out, to real peers on loopback."""

import socket
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from loopback import NODE, door
from peers.dcmtk import storescp
from phantoms import mammogram, picture, saved
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEGLSLossless
from pynetdicom import AE, AllStoragePresentationContexts, build_context, evt

from service.delivery.answers import check_answer
from service.delivery.files import Address, find_files, parse_address, send_files
from service.delivery.peer import MOST_CONTEXTS, Patience, Peer, contexts_for
from service.demo.orthanc import free_port
from service.errors import BadConfigurationError, RefusedError, UnavailableError

SMALL = {"rows": 96, "columns": 64}
USUAL = Patience()
HASTY = Patience(connect_s=1, acse_s=1, dimse_s=1)


def peer(port: int, called: str = "PACS", patience: Patience = USUAL) -> Peer:
    return Peer(Address(called, "127.0.0.1", port), NODE, patience)


def send(port: int, path: Path) -> None:
    image = dcmread(path)
    offer = str(image.SOPClassUID), str(image.file_meta.TransferSyntaxUID)
    with peer(port).linked({offer}) as link:
        link.send(path)


@contextmanager
def scp(status=0x0000, contexts=AllStoragePresentationContexts, **settings):
    """Run a storage SCP that answers `status` to everything, or what `status` returns."""
    answer = status if callable(status) else lambda _: status
    ae = AE(ae_title="PACS")
    ae.require_called_aet = True
    for name, value in settings.items():
        setattr(ae, name, value)
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, contexts=contexts, evt_handlers=[(evt.EVT_C_STORE, answer)]
    )
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        for association in server.active_associations:
            association.abort()


def received(folder: Path) -> Dataset:
    (path,) = folder.iterdir()
    return dcmread(path)


def test_a_compressed_object_goes_out_as_it_is_to_a_peer_that_takes_it(tmp_path):
    image = mammogram("LCC", transfer_syntax=JPEGLSLossless, **SMALL)
    with storescp(tmp_path / "pacs", "+xt") as pacs:
        send(pacs.port, saved(image, tmp_path))

    got = received(tmp_path / "pacs")
    assert got.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert got.PixelData == image.PixelData


@pytest.mark.parametrize("option", ["+x=", "+xi"])
def test_it_is_decompressed_for_a_peer_that_does_not_and_stays_the_same_object(tmp_path, option):
    image = mammogram("LCC", transfer_syntax=JPEGLSLossless, **SMALL)
    with storescp(tmp_path / "pacs", option) as pacs:
        send(pacs.port, saved(image, tmp_path))

    got = received(tmp_path / "pacs")
    assert not got.file_meta.TransferSyntaxUID.is_compressed
    assert got.SOPInstanceUID == image.SOPInstanceUID
    assert np.array_equal(got.pixel_array, image.pixel_array)


def test_an_explicit_object_is_written_implicit_for_a_peer_that_knows_no_other(tmp_path):
    image = mammogram("LCC", **SMALL)
    with storescp(tmp_path / "pacs", "+xi") as pacs:
        send(pacs.port, saved(image, tmp_path))

    assert np.array_equal(received(tmp_path / "pacs").pixel_array, image.pixel_array)


def test_many_objects_share_an_association(tmp_path):
    paths = [saved(mammogram("LCC", seed=seed, **SMALL), tmp_path) for seed in range(5)]
    callers = set()

    def note(event):
        callers.add(event.assoc)
        return 0

    with scp(status=note) as port:
        found = list(send_files(paths, Address("PACS", "127.0.0.1", port), "MAMMO1"))

    assert all(sent.ok for sent in found)
    assert len(callers) == 1


def test_a_peer_that_takes_neither_form_refuses_by_name(tmp_path):
    image = mammogram("LCC", transfer_syntax=JPEGLSLossless, **SMALL)
    other = [
        build_context(image.SOPClassUID, ExplicitVRBigEndian),
        build_context("1.2.840.10008.1.1"),
    ]
    with scp(contexts=other) as port, pytest.raises(RefusedError, match="takes none of Digital"):
        send(port, saved(image, tmp_path))


def test_a_big_endian_object_is_not_swapped(tmp_path):
    image = mammogram("LCC", transfer_syntax=ExplicitVRBigEndian, **SMALL)
    little = [build_context(image.SOPClassUID, ExplicitVRLittleEndian)]
    with scp(contexts=little) as port, pytest.raises(RefusedError, match="big endian"):
        send(port, saved(image, tmp_path))


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB006, 0xB007, 0x0107])
def test_success_and_warnings_mean_that_the_peer_has_it(status):
    assert (check_answer(status) == "") == (status == 0)


@pytest.mark.parametrize("status", [0xA700, 0xA7FF, 0x0110, 0x0213])
def test_a_peer_without_room_is_asked_again_later(status):
    with pytest.raises(UnavailableError):
        check_answer(status)


@pytest.mark.parametrize("status", [0xA900, 0xC000, 0xCFFF, 0x0122, 0x0124, 0x0211])
def test_a_peer_that_refuses_is_not_asked_for_ever(status):
    with pytest.raises(RefusedError, match=f"{status:04X}H"):
        check_answer(status)


def test_nobody_there_is_unavailable():
    with pytest.raises(UnavailableError, match="cannot be reached"):
        peer(free_port()).echo()


def test_a_name_that_nobody_knows_is_unavailable():
    unknown = Peer(Address("PACS", "no-such-host.invalid", 104), NODE, HASTY)

    with pytest.raises(UnavailableError, match="cannot be reached"):
        unknown.echo()


def test_a_peer_that_does_not_know_our_called_title_is_unavailable_until_somebody_mends_it():
    with scp() as port, pytest.raises(UnavailableError, match="called ae title not recognised"):
        peer(port, called="NOBODY").echo()


def test_a_peer_with_too_many_associations_is_unavailable():
    with scp(maximum_associations=1) as port:
        ae = AE()
        first = ae.associate("127.0.0.1", port, AllStoragePresentationContexts[:1], ae_title="PACS")
        with pytest.raises(UnavailableError, match="rejects"):
            peer(port).echo()
        first.release()


def test_a_peer_that_accepts_connections_and_says_nothing_is_unavailable():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(UnavailableError, match="does not answer"),
    ):
        peer(server.getsockname()[1], patience=HASTY).echo()


def test_a_peer_that_dies_midway_is_unavailable(tmp_path):
    def die(event):
        event.assoc.abort()
        return 0

    with scp(status=die) as port, pytest.raises(UnavailableError):
        send(port, saved(mammogram("LCC", **SMALL), tmp_path))


def test_an_echo_is_answered(tmp_path):
    with door(tmp_path) as node:
        peer(node.port, called=NODE).echo()


def test_the_contexts_of_an_association_are_each_class_as_it_is_stored_and_uncompressed():
    offers = {
        ("1.2.3", JPEGLSLossless),
        ("1.2.3", ExplicitVRLittleEndian),
        ("1.2.4", JPEGLSLossless),
    }

    found = [(str(c.abstract_syntax), len(c.transfer_syntax)) for c in contexts_for(offers)]

    assert found == [("1.2.3", 1), ("1.2.3", 1), ("1.2.4", 1), ("1.2.3", 2), ("1.2.4", 2)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("PACS@127.0.0.1:104", Address("PACS", "127.0.0.1", 104)),
        ("MY_PACS@pacs.clinic:11112", Address("MY_PACS", "pacs.clinic", 11112)),
        ("PACS@[::1]:104", Address("PACS", "::1", 104)),
    ],
)
def test_an_address_is_read(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PACS",
        "PACS@host",
        "host:104",
        "@host:104",
        "PACS@host:0",
        "PACS@host:65536",
        "A" * 17 + "@h:1",
    ],
)
def test_an_address_written_otherwise_is_refused_with_an_example(text):
    with pytest.raises(BadConfigurationError, match="write AET@HOST:PORT"):
        parse_address(text)


def test_folders_are_searched_and_what_is_no_dicom_is_left_out(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = saved(mammogram("LCC", **SMALL), inner)
    (tmp_path / "notes.txt").write_text("not an image")

    assert find_files([tmp_path]) == [path]
    assert find_files([tmp_path / "notes.txt", path]) == [tmp_path / "notes.txt", path]
    with pytest.raises(RefusedError, match="no DICOM file"):
        find_files([tmp_path / "notes.txt"][:0])


def test_each_file_sent_by_hand_is_answered_in_its_turn(tmp_path):
    good = [saved(mammogram("LCC", seed=seed, **SMALL), tmp_path) for seed in range(2)]
    bad = tmp_path / "bad.dcm"
    bad.write_text("not an image")
    with door(tmp_path) as node:
        to = Address(NODE, "127.0.0.1", node.port)
        found = list(send_files([good[0], bad, good[1]], to, "MAMMO1"))

    assert [sent.path for sent in found] == [good[0], bad, good[1]]
    assert [sent.ok for sent in found] == [True, False, True]
    assert "no DICOM file" in found[1].detail
    assert found[0].size == good[0].stat().st_size
    assert found[0].seconds > 0


def test_files_sent_to_nobody_fail_each(tmp_path):
    paths = [saved(mammogram("LCC", seed=seed, **SMALL), tmp_path) for seed in range(2)]

    found = list(send_files(paths, Address("PACS", "127.0.0.1", free_port()), "MAMMO1"))

    assert [sent.ok for sent in found] == [False, False]
    assert "cannot be reached" in found[0].detail


def test_files_of_more_kinds_than_an_association_takes_go_over_several(tmp_path):
    classes = [context.abstract_syntax for context in AllStoragePresentationContexts[:100]]
    paths = []
    for number, sop_class in enumerate(classes):
        image = picture("CT", rows=8, columns=8)
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = sop_class
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number + 1}"
        paths.append(saved(image, tmp_path))

    with scp() as port:
        found = list(send_files(paths, Address("PACS", "127.0.0.1", port), "MAMMO1"))

    assert [sent.detail for sent in found] == ["success"] * len(classes)
    assert len(classes) * 2 > MOST_CONTEXTS
