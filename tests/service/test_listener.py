"""The node as modalities and PACS meet it, over real associations."""

import os
import resource
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from loopback import NODE, Door, Raw, ct, dcmtk, door
from peers.dcmtk import PROPOSALS
from peers.programs import listens, until
from phantoms import TRANSFER_SYNTAXES, mammogram, picture
from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.dsutils import split_dataset

from pipelines.mammogram.decode import DECODERS
from service.listener.listener import IDLE_S
from service.listener.syntaxes import ACCEPTED

GIB = 1 << 30
SMALL = {"rows": 96, "columns": 64}


@pytest.fixture
def node(tmp_path):
    with door(tmp_path) as opened:
        yield opened


@pytest.fixture
def small_files():
    """Let this process write no file larger than what this yields, in bytes."""
    largest, (soft, hard) = 4 << 20, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    yield largest
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def store(node: Door, image, calling="MAMMO1"):
    """Send one data set by pynetdicom, as it is, and return the answer."""
    syntax = image.file_meta.TransferSyntaxUID
    ae = AE(ae_title=calling)
    association = ae.associate(
        "127.0.0.1", node.port, [build_context(image.SOPClassUID, syntax)], ae_title=NODE
    )
    assert association.is_established
    answer = association.send_c_store(image)
    association.release()
    return answer


def test_whoever_a_route_names_is_answered_an_echo(tmp_path):
    with door(tmp_path, calling=("MAMMO*",)) as node:
        assert dcmtk("echoscu", node.port, calling="MAMMO1").returncode == 0


def test_nobody_else_gets_an_association_and_the_ledger_says_who_asked(tmp_path):
    with door(tmp_path, calling=("MAMMO*",)) as node:
        found = dcmtk("echoscu", node.port, calling="mammo1")

        assert "Calling AE Title Not Recognized" in found.stderr
        assert node.ledger.refusals()[0].calling_ae_title == "mammo1"
        assert "calling AE title not recognised" in node.reasons()[0]


def test_who_calls_somebody_else_is_told_so(node):
    ae = AE(ae_title="MAMMO1")
    association = ae.associate("127.0.0.1", node.port, [build_context("1.2.840.10008.1.1")])

    assert association.is_rejected
    assert association.acceptor.primitive.diagnostic == 7
    assert node.reasons() == [
        "association rejected: called AE title not recognised, from 127.0.0.1"
    ]


def test_an_association_too_many_is_asked_to_come_back(tmp_path):
    with door(tmp_path, most=1) as node, Raw(node.port).associate():
        found = dcmtk("echoscu", node.port)

        assert "Rejected Transient" in found.stderr
        assert node.reasons() == [
            "association rejected: too many associations at a time, from 127.0.0.1"
        ]


@pytest.mark.parametrize("syntax", [UID(uid).keyword for uid in TRANSFER_SYNTAXES])
def test_what_was_answered_success_lies_in_the_spool_byte_for_byte(node, tmp_path, syntax):
    uid = next(uid for uid in TRANSFER_SYNTAXES if UID(uid).keyword == syntax)
    bits = 8 if syntax == "JPEGBaseline8Bit" else 12
    image = mammogram("RMLO", transfer_syntax=uid, bits_stored=bits, **SMALL)
    image.save_as(tmp_path / "sent.dcm", enforce_file_format=True)

    answer = store(node, dcmread(tmp_path / "sent.dcm"))

    assert answer.Status == 0
    kept = node.spool.path(image.SOPInstanceUID)
    assert _data_set(kept) == _data_set(tmp_path / "sent.dcm")
    (row,) = node.ledger.instances(image.StudyInstanceUID)
    assert row.view == "RMLO"
    assert row.transfer_syntax_uid == uid
    assert row.size == kept.stat().st_size


def test_every_syntax_that_is_taken_can_be_made_by_the_phantoms_or_is_named_here():
    rest = {UID(uid).keyword for uid in set(ACCEPTED) - set(TRANSFER_SYNTAXES)}

    assert rest <= {
        "JPEGLossless",
        "HTJ2K",
        "HTJ2KLossless",
        "HTJ2KLosslessRPCL",
        "JPEG2000",
        "JPEGLSNearLossless",
    }


@pytest.mark.parametrize("modality", ["CR", "CT", "DX", "MR"])
def test_images_of_other_modalities_are_kept_too(node, modality):
    image = picture(modality, **SMALL)

    assert store(node, image).Status == 0
    assert node.spool.header(image.SOPInstanceUID).Modality == modality


def test_the_same_image_twice_is_kept_once_and_answered_success_twice(node):
    image = mammogram("LCC", **SMALL)

    assert [store(node, image).Status for _ in range(2)] == [0, 0]
    assert len(node.ledger.instances(image.StudyInstanceUID)) == 1
    assert _outcomes(node) == {"kept": 1, "known": 1}


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_each_file_of_the_test_data_is_taken_or_refused_with_a_reason(node, dicom_files, bad_files):
    outcomes = {path.name: _send_by_dcmtk(node, path) for path in [*dicom_files, *bad_files]}

    assert all(outcomes.values())
    refused = {name for name, outcome in outcomes.items() if outcome != "taken"}
    assert {path.name for path in dicom_files} & refused <= {"mg_as_secondary_capture_rgb_jpeg.dcm"}
    for name, told in {
        "mg_as_secondary_capture_rgb_jpeg.dcm": "no UID",
        "unknown_sop_class.dcm": "unknown storage SOP class",
        "bad_sequence.dcm": "no UID",
    }.items():
        assert told in outcomes.get(name, told)


def test_what_cannot_be_sent_at_all_is_named_with_the_syntaxes_it_was_offered_in(node):
    ae = AE(ae_title="PACS")
    offered = [
        build_context("1.2.3.4.5", "1.2.840.10008.1.2"),
        build_context("1.2.840.10008.1.1", "1.2.840.10008.1.2"),
    ]
    ae.associate("127.0.0.1", node.port, offered, ae_title=NODE).release()

    assert node.reasons() == [
        "not accepted: 1.2.3.4.5 in Implicit VR Little Endian (1.2.840.10008.1.2)"
    ]


def test_a_full_disk_turns_associations_away_for_now(tmp_path):
    with door(tmp_path, low_water=1 << 60) as node:
        found = dcmtk("echoscu", node.port)

        assert "Rejected Transient" in found.stderr
        assert "full" in node.reasons()[0]


def test_a_disk_that_fills_up_within_an_association_is_answered_out_of_resources(tmp_path):
    room = shutil.disk_usage(tmp_path).free - GIB // 2
    with door(tmp_path, low_water=room) as node, Raw(node.port).associate() as sender:
        with (tmp_path / "other").open("wb") as other:
            os.posix_fallocate(other.fileno(), 0, GIB)
        sender.store(ct())
        answer = sender.receive()
        (tmp_path / "other").unlink()

        assert answer == 0xA700
        assert node.reasons() == ["the disk of the spool is full; try again later"]
        assert _left_behind(node) == []


def test_a_disk_that_takes_no_more_midway_is_answered_out_of_resources(tmp_path, small_files):
    with door(tmp_path) as node, Raw(node.port).associate() as sender:
        sender.store(ct(pixels=2 * small_files))
        assert sender.receive() == 0xA700

        assert node.reasons() == ["cannot write to the spool: File too large"]
        assert _left_behind(node) == []

        sender.store(ct())
        assert sender.receive() == 0


def test_what_the_door_takes_the_pipelines_can_decode():
    assert set(ACCEPTED) == set(DECODERS)


def test_a_node_that_stops_lets_what_is_under_way_finish(tmp_path):
    with door(tmp_path) as node, Raw(node.port).associate() as sender:
        whole = ct()
        sender.command("1.2.3.9.1")
        sender.fragment(whole[:100], last=False)
        stopping = threading.Thread(target=node.listener.stop, args=(10,))
        stopping.start()
        until(lambda: not listens(node.port), 10)

        sender.fragment(whole[100:], last=True)

        assert sender.receive() == 0
        sender.release()
        stopping.join()


def test_a_node_that_stops_takes_what_a_busy_sender_has_next(tmp_path):
    with door(tmp_path) as node, Raw(node.port).associate() as sender:
        sender.command("1.2.3.9.1")
        sender.fragment(ct()[:100], last=False)
        time.sleep(IDLE_S + 0.2)  # longer than a silent sender is waited for
        stopping = threading.Thread(target=node.listener.stop, args=(10,))
        stopping.start()
        until(lambda: not listens(node.port), 10)

        sender.fragment(ct()[100:], last=True)
        answers = [sender.receive()]
        time.sleep(0.2)
        sender.store(ct("1.2.3.9.2"), "1.2.3.9.2")
        answers.append(sender.receive())

        assert answers == [0, 0]
        sender.release()
        stopping.join()


def test_a_node_that_stops_does_not_wait_for_ever(tmp_path):
    with door(tmp_path) as node, Raw(node.port).associate() as sender:
        start = time.monotonic()

        node.listener.stop(0.2)

        assert time.monotonic() - start < 5
        assert sender.receive() in {"aborted", "closed"}


def test_a_node_that_stops_does_not_wait_for_a_sender_that_is_silent(tmp_path):
    with door(tmp_path) as node, Raw(node.port).associate() as sender:
        start = time.monotonic()

        node.listener.stop(60)

        assert time.monotonic() - start < 10
        assert sender.receive() in {"aborted", "closed"}


def test_the_number_of_open_associations_is_counted(node):
    with Raw(node.port).associate():
        until(lambda: _associations(node) == 1, 10)

    until(lambda: _associations(node) == 0, 10)


def test_many_senders_at_a_time_lose_nothing(node, tmp_path):
    images = [mammogram("LCC", seed=seed, **SMALL) for seed in range(8)]
    for number, image in enumerate(images):
        image.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)

    with ThreadPoolExecutor(4) as senders:
        files = sorted(tmp_path.glob("*.dcm"))
        codes = list(senders.map(lambda f: dcmtk("storescu", node.port, "-R", f).returncode, files))

    assert codes == [0] * 8
    assert all(node.spool.path(image.SOPInstanceUID).exists() for image in images)


def _send_by_dcmtk(node, path: Path) -> str:
    """Return ``taken``, or why not: what the ledger says, or else what storescu says."""
    before = len(node.ledger.refusals())
    syntax = dcmread(path, stop_before_pixels=True, force=True).file_meta.get(
        "TransferSyntaxUID", ""
    )
    found = dcmtk("storescu", node.port, "-R", PROPOSALS.get(syntax, "-xe"), path)
    refusals = node.ledger.refusals()
    if len(refusals) > before:
        return refusals[0].reason
    return "taken" if found.returncode == 0 else found.stderr


def _data_set(path: Path) -> bytes:
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


def _outcomes(node) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for metric in node.registry.collect()
        for sample in metric.samples
        if sample.name == "senoscope_instances_received_total"
    }


def _associations(node) -> float | None:
    return node.registry.get_sample_value("senoscope_associations", {"state": "open"})


def _left_behind(node) -> list[Path]:
    return list(node.spool.temporary().parent.iterdir())
