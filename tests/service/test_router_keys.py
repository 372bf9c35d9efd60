"""What a route's keys do: fall-back, back to the sender, originals as they are."""

import threading
from pathlib import Path

import pytest
from phantoms import mammogram, picture
from pydantic import ValidationError
from pydicom.filereader import read_file_meta_info
from routing import SMALL, World, routes
from working import remove_received

from service.delivery.outbox import Outbox
from service.delivery.peer import Address, Peer
from service.delivery.sender import Sender
from service.delivery.way import Way
from service.ledger.records import DeliveryState
from service.ledger.spool import Spool
from service.router.examining import examine
from service.router.routes import Routes

MAMMO = {"ae_title": "MAMMO1", "host": "127.0.0.1", "port": 105}


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.ledger.close()


def several(*tables, **destinations) -> Routes:
    """Return routes with those keys over the usual ones, and more destinations."""
    usual = [routes(**table).routes[0] for table in tables]
    made = routes()
    there = Routes(destinations=destinations).destinations
    return made.model_copy(
        update={"routes": tuple(usual), "destinations": {**made.destinations, **there}}
    )


def test_a_fall_back_route_applies_to_what_no_other_route_takes(world):
    world.routes = several({}, {"name": "rest", "when": [], "fallback": True})
    taken = world.receive(mammogram("RCC", **SMALL))
    left = world.receive(picture("CT", **SMALL))

    world.later(30)

    decided = [
        one for image in (taken, left) for one in world.ledger.decisions(image.StudyInstanceUID)
    ]
    found = {one.sop_instance_uid: one.route for one in decided}
    assert found == {taken.SOPInstanceUID: "screening", left.SOPInstanceUID: "rest"}


def test_results_go_back_to_the_destination_that_has_the_sender_s_ae_title(world):
    world.routes = several({"send_to": ["sender", "pacs"]}, mammo=MAMMO)
    image = world.receive(mammogram("RCC", **SMALL), calling="MAMMO1")

    world.later(30)

    (job,) = world.ledger.jobs(image.StudyInstanceUID)
    assert job.send_to == ("mammo", "pacs")


def test_an_image_that_nothing_can_be_sent_back_of_is_told_so(world):
    world.routes = several({"send_to": ["sender"]}, mammo=MAMMO)
    image = world.receive(mammogram("RCC", **SMALL), calling="MAMMO2")

    world.later(30)

    assert world.reasons(image) == [
        "it cannot be sent back: no destination has the AE title of its sender: MAMMO2"
    ]
    assert world.queued == []


def test_a_route_may_pass_on_originals_and_do_nothing_else(world):
    world.routes = routes(pipelines=[], originals=True)
    image = world.receive(mammogram("RCC", **SMALL))

    world.later(30)

    (owed,) = world.ledger.deliveries(image.StudyInstanceUID)
    assert (owed.sop_instance_uid, owed.destination) == (image.SOPInstanceUID, "pacs")
    assert (owed.is_original, owed.state) == (True, DeliveryState.OWED)
    assert world.reasons(image) == ["taken: it is passed on as it came"]
    assert world.ledger.jobs() == []


def test_an_original_is_passed_on_beside_the_results(world):
    world.routes = routes(originals=True)
    image = world.receive(mammogram("RCC", **SMALL))

    world.later(30)

    assert len(world.ledger.jobs()) == len(world.ledger.deliveries()) == 1
    assert sorted(world.reasons(image)) == ["taken", "taken: it is passed on as it came"]


def test_an_original_arrives_byte_for_byte(world, tmp_path, storescp, clock):
    world.routes = routes(pipelines=[], originals=True)
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    world.time = clock()
    outbox = Outbox(world.ledger, Spool(tmp_path / "results"), world.spool, "me", clock)
    pacs = Peer(Address("PACS", "127.0.0.1", storescp.port), "SENOSCOPE")

    sent = Sender("pacs", outbox, Way("pacs", lambda *_: None)).send_due(pacs, threading.Event())

    assert sent == 1
    (arrived,) = storescp.folder.glob("*.dcm")
    assert data_set(arrived) == data_set(world.spool.path(image.SOPInstanceUID))


def data_set(path: Path) -> bytes:
    """Return the bytes of a file behind its file meta information."""
    return path.read_bytes()[144 + read_file_meta_info(path).FileMetaInformationGroupLength :]


def test_an_original_is_kept_until_it_was_passed_on(world):
    world.routes = routes(pipelines=[], originals=True)
    world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    world.later(3600)

    assert not remove_received(world.ledger, world.time)

    world.ledger.sent(world.ledger.deliveries()[0])
    assert len(remove_received(world.ledger, world.time)) == 1


def test_a_study_judged_again_passes_nothing_on_twice(world):
    world.routes = routes(pipelines=[], originals=True)
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    world.ledger.sent(world.ledger.deliveries()[0])

    world.ledger.reopen(image.StudyInstanceUID)
    world.later(30)

    assert [one.state for one in world.ledger.deliveries()] == [DeliveryState.SENT]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pipelines": []}, "would do nothing"),
        ({"originals": True, "send_to": ["sender"]}, "has it already"),
    ],
)
def test_a_route_that_makes_no_sense_is_refused(wrong, told):
    with pytest.raises(ValidationError, match=told):
        routes(**wrong)


def test_a_sender_that_is_no_destination_is_a_mistake_in_the_file():
    text = """
    [destinations.mammo]
    ae_title = "MAMMO1"
    host = "127.0.0.1"
    port = 105
    [[routes]]
    name = "back"
    calling = ["MAMMO1", "MAMMO2", "CT*"]
    pipelines = ["sr"]
    send_to = ["sender"]
    """

    (mistake,) = examine(text, {"sr"}).mistakes

    assert mistake.reason == "'sender': no destination has the AE title 'MAMMO2'"
    assert examine(text.replace('"MAMMO2", ', ""), {"sr"}).mistakes == ()
