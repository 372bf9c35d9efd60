"""The quick acceptor and the plain one do the same; many peers at a time are served or told."""

import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pynetdicom
import pytest
from loopback import Raw, ct, dcmtk, door
from peers.programs import until
from phantoms import mammogram
from pydicom import dcmread
from pynetdicom.dimse_messages import C_STORE_RSP
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import create_file_meta, encode, encode_file_meta

from service.intake.file_meta import file_meta
from service.listener.command import stored
from service.listener.fast import KNOWN, FastHandler, handler_of
from service.listener.streaming import StreamingHandler
from service.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

HANDLERS = {"fast": FastHandler, "plain": StreamingHandler}
CLASS, SYNTAX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"


@pytest.fixture(params=HANDLERS.values(), ids=HANDLERS)
def node(tmp_path, request):
    with door(tmp_path, handler=request.param, acse_s=0.5, network_s=1) as opened:
        yield opened
        until(lambda: not _left_behind(opened), 10)


def test_the_installed_pynetdicom_is_served_quickly_and_others_plainly():
    assert handler_of() is FastHandler
    assert pynetdicom.__version__ == KNOWN
    assert handler_of("3.0.5") is StreamingHandler


def test_what_a_peer_sends_is_kept_byte_for_byte(node, tmp_path):
    images = [mammogram("LCC", seed=seed, rows=700, columns=500) for seed in range(3)]
    for number, image in enumerate(images):
        image.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    files = [tmp_path / f"{number}.dcm" for number in range(3)]

    assert dcmtk("storescu", node.port, "-R", *files).returncode == 0

    for image in images:
        kept = dcmread(node.spool.path(image.SOPInstanceUID))
        assert kept.PixelData == image.PixelData
        assert kept == image
        assert kept.file_meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME


def test_several_objects_and_an_echo_pass_one_association(node):
    with Raw(node.port).associate() as peer:
        for number in range(5):
            peer.store(ct(uid=f"1.2.3.{number}"), uid=f"1.2.3.{number}")
            assert peer.receive() == 0
        peer.release()


def test_a_request_that_was_sent_behind_another_is_answered_too(node):
    with Raw(node.port).associate() as peer:
        peer.store(ct(uid="1.2.3.1"), uid="1.2.3.1")
        peer.store(ct(uid="1.2.3.2"), uid="1.2.3.2")

        assert [peer.receive(), peer.receive()] == [0, 0]
        peer.release()


def test_an_answer_to_who_breaks_the_rules_meanwhile_is_dropped_and_the_connection_ends(tmp_path):
    request = Written()
    request.store(ct()[:60])

    with door(tmp_path, acse_s=2) as node, Raw(node.port).associate() as peer:
        peer.send(request.content + b"\xff" * 10)  # in one go: refused, and broken right behind

        assert peer.receive() == "aborted"
        peer.socket.close()
        until(lambda: not _left_behind(node), 10)
        assert len(node.reasons()) == 1


def test_silence_within_a_data_set_ends_the_association(node):
    with Raw(node.port).associate() as peer:
        peer.command("1.2.3.9.1")
        peer.fragment(ct()[:1000], last=False)
        peer.send(struct.pack(">BBLL", 4, 0, 1006, 1002))

        assert peer.receive() in {"aborted", "closed"}
    until(lambda: node.reasons() != [], 10)
    assert node.reasons() == ["the association ended before the data set was whole"]


def test_a_request_that_trickles_in_is_not_waited_for_longer_than_a_whole_one(tmp_path):
    with door(tmp_path, acse_s=0.5, network_s=5) as node, Raw(node.port) as peer:
        started = time.monotonic()
        peer.send(b"\1\0\0\0\1\0")
        with suppress(OSError):
            while time.monotonic() - started < 4:
                peer.send(b"\0")
                time.sleep(0.05)

        assert time.monotonic() - started < 4


def test_nothing_is_left_of_associations_that_ended(tmp_path):
    with door(tmp_path) as node:
        here = psutil.Process()
        _send_one(node.port, 0)
        until(lambda: threading.active_count() < 4, 10)
        descriptors, threads = here.num_fds(), threading.active_count()

        for number in range(30):
            _send_one(node.port, number)

        until(lambda: threading.active_count() <= threads, 10)
        until(lambda: here.num_fds() <= descriptors, 10)


@pytest.mark.parametrize("most", [16, 256])
def test_two_hundred_peers_at_a_time_are_served_or_told_to_come_back(tmp_path, most):
    together = threading.Barrier(200)

    def sends(number: int) -> str:
        together.wait(60)
        with Raw(node.port) as peer:
            if (answer := peer.requested()) == "rejected":
                return f"rejected {peer.reasons}"
            assert answer == "accepted"
            peer.store(ct(uid=f"1.2.3.{number}"), uid=f"1.2.3.{number}")
            peer.socket.settimeout(60)
            assert peer.receive() == 0
            peer.release()
            return "served"

    with door(tmp_path, most=most) as node, ThreadPoolExecutor(200) as peers:
        answers = list(peers.map(sends, range(200)))

    transient = "rejected (2, 3, 2)"
    assert set(answers) <= {"served", transient}
    assert len(node.ledger.instances("1.2.3.9")) == answers.count("served") >= min(most, 200)
    assert (transient in answers) <= (most < 200)


def test_the_answer_by_hand_is_the_one_of_pynetdicom():
    answer = C_STORE()
    answer.MessageIDBeingRespondedTo = 7
    answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID = CLASS, "1.2.3"
    answer.Status = 0
    message = C_STORE_RSP()

    message.primitive_to_message(answer)

    assert stored(CLASS, "1.2.3", 7) == encode(message.command_set, True, True)  # noqa: FBT003


def test_file_meta_by_hand_is_the_one_of_pynetdicom():
    told = create_file_meta(
        sop_class_uid=CLASS,
        sop_instance_uid="1.2.3",
        transfer_syntax=SYNTAX,
        implementation_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version=IMPLEMENTATION_VERSION_NAME,
    )

    assert file_meta(CLASS, "1.2.3", SYNTAX) == encode_file_meta(told)


class Written(Raw):
    """What a peer would send, on no connection."""

    def __init__(self) -> None:
        self.content = b""

    def send(self, content: bytes) -> None:
        self.content += content


def _send_one(port: int, number: int) -> None:
    with Raw(port).associate() as peer:
        peer.store(ct(uid=f"1.2.3.{number}"), uid=f"1.2.3.{number}")
        assert peer.receive() == 0
        peer.release()


def _left_behind(node) -> list:
    return list(node.spool.temporary().parent.iterdir())
