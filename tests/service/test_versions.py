"""What comes again under the same SOP Instance UID: the same, or other bytes."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from loopback import Raw, ct, door
from phantoms import mammogram
from pydicom import Dataset
from routing import SMALL, World, routes

from service.ledger.receive import MOST_VERSIONS
from service.router.versions import LATER, OLDER

UID, STUDY = "1.2.3.9.1", "1.2.3.9"


@pytest.fixture
def node(tmp_path):
    with door(tmp_path) as opened:
        yield opened


@pytest.fixture
def world(tmp_path):
    opened = World(tmp_path)
    yield opened
    opened.ledger.close()


def send(node, *contents: bytes) -> list[int]:
    statuses = []
    with Raw(node.port).associate() as sender:
        for content in contents:
            sender.store(content, UID)
            statuses.append(sender.receive())
    return statuses


def outcomes(node) -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for metric in node.registry.collect()
        for sample in metric.samples
        if sample.name == "senoscope_instances_received_total"
    }


def other(number: int) -> bytes:
    return ct(pixels=2 * number)


def test_the_same_bytes_again_are_answered_success_and_add_nothing(node):
    assert send(node, other(1), other(1)) == [0, 0]

    assert [one.version for one in node.ledger.versions(UID)] == [""]
    assert outcomes(node) == {"kept": 1, "known": 1}


def test_other_bytes_are_kept_beside_the_first_and_flagged(node):
    assert send(node, other(1), other(2), other(2)) == [0, 0, 0]

    first, second = node.ledger.versions(UID)
    assert (first.version, second.version) == ("", second.digest[:16])
    for row, content in [(first, other(1)), (second, other(2))]:
        kept = node.spool.path(UID, row.version).read_bytes()
        assert kept.endswith(content)
        assert len(kept) == row.size
    assert outcomes(node) == {"kept": 1, "version": 1, "known": 1}
    study = node.ledger.study(STUDY)
    assert (study.instances, study.versions) == (1, 1)


def test_equal_digests_of_unequal_bytes_are_two_versions(node):
    """A digest that is quick can be contrived: the bytes are compared."""
    send(node, other(1))
    path = node.spool.path(UID)
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    assert send(node, other(1)) == [0]

    assert len(node.ledger.versions(UID)) == 2
    assert path.read_bytes().endswith(b"x")


def test_there_is_an_end_to_versions(node):
    statuses = send(node, *(other(number) for number in range(1, MOST_VERSIONS + 2)))

    assert statuses == [0] * MOST_VERSIONS + [0xC000]
    assert node.reasons() == [f"{MOST_VERSIONS} different versions of this object are kept already"]
    assert len(list(node.spool.path(UID).parent.glob("*.dcm"))) == MOST_VERSIONS


def test_bytes_that_were_removed_and_come_again_are_there_again(node):
    send(node, other(1))
    node.spool.remove(UID)

    assert send(node, other(1)) == [0]

    assert node.spool.path(UID).read_bytes().endswith(other(1))
    assert [one.removed_at for one in node.ledger.versions(UID)] == [None]


def test_a_file_that_a_crash_left_under_the_name_of_a_version_is_replaced(node):
    send(node, other(1), other(2))
    version = node.ledger.versions(UID)[1].version
    node.spool.remove(UID, version)
    node.spool.path(UID, version).write_bytes(b"half")
    # as if the row had not been written
    with node.ledger.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM instances WHERE version != ''")

    assert send(node, other(2)) == [0]

    assert node.spool.path(UID, version).read_bytes().endswith(other(2))


def test_senders_at_the_same_time_lose_no_version_and_one_of_them_is_the_first(node):
    with ThreadPoolExecutor(MOST_VERSIONS) as senders:
        statuses = list(senders.map(lambda n: send(node, other(n)), range(1, MOST_VERSIONS + 1)))

    rows = node.ledger.versions(UID)
    assert statuses == [[0]] * MOST_VERSIONS
    assert [row.version for row in rows].count("") == 1
    assert len({row.digest for row in rows}) == MOST_VERSIONS
    for row in rows:
        assert node.spool.size(UID, row.version) == row.size


def test_other_bytes_in_another_study_are_a_version_there(node):
    moved = ct(study="1.2.3.8")

    assert send(node, ct(), moved) == [0, 0]

    assert node.ledger.study("1.2.3.9").versions == 0
    assert node.ledger.study("1.2.3.8").versions == 1


def test_a_route_that_takes_the_first_does_not_process_what_came_later(world):
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(60)
    again(world, image)
    world.later(60)

    first, later = world.ledger.decisions(image.StudyInstanceUID)
    assert (first.taken, later.taken, later.reason) == (True, False, LATER)
    assert len(world.queued) == 1
    assert world.ledger.undecided_studies() == []


def test_a_route_that_takes_the_newest_processes_it_anew(world):
    world.routes = routes(versions="newest")
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(60)
    version = again(world, image)
    world.later(60)

    old, new = (world.ledger.job(one) for one in world.queued)
    assert (old.versions, new.versions) == ((), (version,))
    assert old.sop_instance_uids == new.sop_instance_uids


def test_of_two_that_wait_a_route_that_takes_the_newest_processes_one(world):
    world.routes = routes(versions="newest")
    image = world.receive(mammogram("RCC", **SMALL))
    version = again(world, image)
    world.later(60)

    older, newer = sorted(
        world.ledger.decisions(image.StudyInstanceUID), key=lambda one: one.version
    )
    assert (older.reason, newer.taken) == (OLDER, True)
    (only,) = world.queued
    assert world.ledger.job(only).versions == (version,)


def test_the_job_of_a_study_reads_the_newest_of_each_image(world):
    world.routes = routes(versions="newest", pipelines=["studies"])
    right = world.receive(mammogram("RCC", **SMALL))
    left = mammogram("LCC", **SMALL)
    world.receive(left)
    version = again(world, right)
    world.later(60)

    (only,) = world.queued
    job = world.ledger.job(only)
    assert dict(zip(job.sop_instance_uids, job.versions, strict=True)) == {
        right.SOPInstanceUID: version,
        left.SOPInstanceUID: "",
    }


def test_the_job_of_a_study_reads_the_first_where_the_route_says_so(world):
    world.routes = routes(pipelines=["studies"])
    image = world.receive(mammogram("RCC", **SMALL))
    again(world, image)
    world.later(60)

    (only,) = world.queued
    assert world.ledger.job(only).versions == ()
    assert [one.taken for one in world.ledger.decisions(image.StudyInstanceUID)].count(True) == 1


def again(world, image: Dataset) -> str:
    """Receive `image` with other bytes, and return the name of that version."""
    digest = hashlib.sha256(f"{world.time}".encode()).hexdigest()
    version = digest[:16]
    (first,) = (one for one in world.ledger.versions(image.SOPInstanceUID) if not one.version)
    image.ContentLabel = "AGAIN"
    temporary = world.spool.temporary()
    image.save_as(temporary, enforce_file_format=True)
    world.spool.keep(image.SOPInstanceUID, temporary, version)
    world.ledger.record(replace(first, digest=digest, version=version, received_at=world.time))
    return version
