"""A spool in S3: everything that holds for one on the disk, and what a server adds."""

import os
import threading
from dataclasses import replace

import pytest
from doubling import DoublingEngine
from loopback import door
from peers.s3 import S3Server
from phantoms import saved, study
from pydicom import dcmread
from working import open_test_ledger, plain_image, row_of

from pipelines.catalogue import catalogue
from pipelines.pipeline import Product
from service.delivery.files import send_files
from service.delivery.outbox import Outbox
from service.delivery.peer import Address as PeerAddress
from service.delivery.peer import Peer
from service.delivery.sender import Sender
from service.delivery.way import Way
from service.errors import BadConfigurationError, BadObjectError, UnavailableError
from service.ledger.receive import Reception, receive
from service.ledger.records import DeliveryState, JobState
from service.ledger.s3 import Bucket, S3Spool, parse_bucket
from service.queue.inline import InlineQueue
from service.router.router import Router
from service.router.routes import Complete, Destination, Route, Routes
from service.worker.worker import Worker

UID = "1.2.840.99999.1"


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(s3):
    bucket = Bucket("images", "node", s3.endpoint)
    bucket.files().mkdir("images")
    return bucket


def arrived(spool, content=b"the bytes"):
    path = spool.temporary()
    path.write_bytes(content)
    return path


def names(bucket):
    return sorted(one.rpartition("/")[2] for one in bucket.files().find(bucket.root))


def leftovers(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "locks"]


def test_what_is_kept_lies_in_the_bucket_and_nowhere_on_the_disk(tmp_path, bucket):
    spool = S3Spool(tmp_path, bucket)

    spool.keep(UID, arrived(spool))

    assert names(bucket) == [f"{UID}.dcm"]
    assert spool.exists(UID)
    assert spool.size(UID) == 9
    with spool.local(UID) as path:
        assert path.read_bytes() == b"the bytes"
    assert leftovers(tmp_path) == []


def test_the_first_object_under_a_uid_stays_whoever_else_puts_one(tmp_path, bucket):
    here, there = S3Spool(tmp_path / "here", bucket), S3Spool(tmp_path / "there", bucket)
    here.keep(UID, arrived(here))

    there.keep(UID, arrived(there))
    with pytest.raises(BadObjectError, match="other bytes"):
        there.keep(UID, arrived(there, b"other bytes"))

    with here.local(UID) as path:
        assert path.read_bytes() == b"the bytes"


def test_an_object_of_many_parts_comes_back_byte_for_byte_and_stays_too(tmp_path, bucket):
    spool = S3Spool(tmp_path, bucket)
    content = os.urandom(120 << 20)  # s3fs puts what is larger than 100 MiB in parts
    spool.keep(UID, arrived(spool, content))

    with pytest.raises(BadObjectError, match="other bytes"):
        spool.keep(UID, arrived(spool, content[:-1]))

    with spool.local(UID) as path:
        assert path.read_bytes() == content


def test_versions_lie_beside_each_other_and_what_is_removed_is_gone(tmp_path, bucket):
    spool = S3Spool(tmp_path, bucket)
    spool.keep(UID, arrived(spool))
    spool.keep(UID, arrived(spool, b"others"), "abcd")

    spool.remove(UID)
    spool.remove(UID)

    assert names(bucket) == [f"{UID}~abcd.dcm"]
    with pytest.raises(UnavailableError, match="s3://images"), spool.local(UID):
        pass


def test_what_another_host_is_taking_in_is_not_removed_under_its_hands(tmp_path, bucket):
    spool, ledger = S3Spool(tmp_path, bucket), open_test_ledger(tmp_path)
    other_host = S3Spool(tmp_path / "other", bucket)
    other_host.keep(UID, arrived(other_host))  # and its row is still to come
    row = row_of(plain_image(UID))

    with pytest.raises(UnavailableError, match="by another"):
        receive(spool, ledger, row, arrived(spool, b"others"))
    ledger.record(row)
    again = receive(spool, ledger, replace(row, digest="9" * 32), arrived(spool, b"others"))

    assert again is Reception.VERSION
    with spool.local(UID) as path:
        assert path.read_bytes() == b"the bytes"
    ledger.close()


def test_a_server_that_is_away_is_unavailable_and_names_itself_and_comes_back(tmp_path, s3, bucket):
    spool = S3Spool(tmp_path, bucket)
    waiting = arrived(spool)
    s3.stop()

    with pytest.raises(UnavailableError, match=rf"s3://images at http://127\.0\.0\.1:{s3.port}: "):
        spool.keep(UID, waiting)
    s3.start()
    spool.keep(UID, waiting)

    assert names(bucket) == [f"{UID}.dcm"]


def test_a_bucket_that_is_not_there_is_named(tmp_path, s3):
    spool = S3Spool(tmp_path, Bucket("nowhere", "", s3.endpoint))

    with pytest.raises(UnavailableError, match=r"s3://nowhere .*not there"):
        spool.check()
    with pytest.raises(UnavailableError, match=r"s3://nowhere .*not there"):
        spool.keep(UID, arrived(spool))


@pytest.mark.parametrize("url", ["images", "s3://", "s3://key:secret@images", "http://images/x"])
def test_a_url_that_is_none_of_s3_is_said_so(url):
    with pytest.raises(BadConfigurationError, match="s3://BUCKET") as told:
        parse_bucket(url)

    assert "key:secret" not in str(told.value)


def test_bucket_and_prefix_are_read_from_the_url():
    bucket = parse_bucket("s3://images/a/b/", "http://minio:9000")

    assert bucket == Bucket("images", "a/b", "http://minio:9000")
    assert bucket.below("received").root == "images/a/b/received"


def test_a_sender_keeps_its_image_while_the_server_is_away_and_hears_no_address(
    tmp_path, s3, bucket
):
    spool = S3Spool(tmp_path / "received", bucket)
    files = [saved(image, tmp_path) for image in study(rows=64, columns=48)[:1]]

    with door(tmp_path, spool=spool) as node:
        to = PeerAddress("SENOSCOPE", "127.0.0.1", node.port)
        s3.stop()
        (away,) = send_files(files, to, "MAMMO1")
        s3.start()
        (back,) = send_files(files, to, "MAMMO1")

    assert not away.ok
    assert "A700" in away.detail
    assert "127.0.0.1" not in away.detail
    assert back.ok
    assert len(names(bucket)) == 1
    assert leftovers(tmp_path / "received") == []


def test_a_study_goes_the_whole_way_through_s3(tmp_path, bucket, storescp, clock):
    images = study(rows=256, columns=208)
    routes = Routes(
        destinations={"pacs": Destination(ae_title="PACS", host="127.0.0.1", port=storescp.port)},
        routes=(
            Route(
                name="sharpen",
                complete=Complete(views=("RCC", "LCC", "RMLO", "LMLO")),
                pipelines=("super-resolution",),
                send_to=("pacs",),
            ),
        ),
    )
    received = S3Spool(tmp_path / "received", bucket.below("received"))
    results = S3Spool(tmp_path / "results", bucket.below("results"))
    files = [saved(image, tmp_path) for image in images]
    with door(tmp_path, spool=received) as node:
        to = PeerAddress("SENOSCOPE", "127.0.0.1", node.port)
        sent = list(send_files(files, to, "MAMMO1"))
        worker = Worker(
            ledger=node.ledger,
            received=received,
            results=results,
            pipelines=catalogue(),
            accepts=lambda name: routes.destinations[name].accepts,
            in_use=lambda: ["super-resolution"],
            open_engine=lambda _: DoublingEngine(),
            product=Product("0.1.0", "SERIAL-1", "SENOSCOPE"),
            site_key=b"a key of this site",
            device="cpu",
            now=clock,
        )
        router = Router(
            ledger=node.ledger,
            received=received,
            routes=lambda: routes,
            pipelines=catalogue(),
            versions={"super-resolution": "1"},
            queue=InlineQueue(worker.run),
            now=clock,
        )
        router.route_due()
        pacs = Peer(PeerAddress("PACS", "127.0.0.1", storescp.port), "SENOSCOPE")
        outbox = Outbox(node.ledger, results, received, "me", clock)
        Sender("pacs", outbox, Way("pacs", lambda *_: None)).send_due(pacs, threading.Event())

        assert all(one.ok for one in sent)
        assert {job.state for job in node.ledger.jobs()} == {JobState.DONE}
        assert {each.state for each in node.ledger.deliveries()} == {DeliveryState.SENT}
    assert len(storescp.instances()) == 2 * len(images)
    assert len(names(bucket)) == 3 * len(images)
    assert leftovers(tmp_path / "received") + leftovers(tmp_path / "results") == []


def test_what_came_in_is_the_same_in_the_bucket_as_on_the_disk(tmp_path, bucket):
    kept = []
    for folder, spool in (
        (tmp_path / "disk", None),
        (tmp_path / "s3", S3Spool(tmp_path / "s3" / "received", bucket)),
    ):
        with door(folder, spool=spool) as node:
            file = folder / "ct.dcm"
            image = plain_image("1.2.3.9.1", "1.2.3.9")
            image.save_as(file, enforce_file_format=True)
            (sent,) = send_files([file], PeerAddress("SENOSCOPE", "127.0.0.1", node.port), "CT1")
            assert sent.ok
            with node.spool.local("1.2.3.9.1") as path:
                kept.append(path.read_bytes())
                assert dcmread(path).SOPInstanceUID == "1.2.3.9.1"
    assert kept[0] == kept[1]
