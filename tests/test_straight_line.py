"""One study's way through the node, stage by stage; read it first."""

import threading

from doubling import DoublingEngine
from phantoms import saved, study

from pipelines.catalogue import catalogue
from pipelines.pipeline import Product
from service.delivery.files import send_files
from service.delivery.outbox import Outbox
from service.delivery.peer import Address as PeerAddress
from service.delivery.peer import Peer
from service.delivery.sender import Sender
from service.delivery.way import Way
from service.intake.part import Intake
from service.intake.taking import Taking
from service.ledger.records import DeliveryState, JobState
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.listener.admission import Admission, Caller, Most
from service.listener.listener import Address, Listener
from service.listener.store import Store
from service.metrics import Metrics
from service.queue.inline import InlineQueue
from service.router.router import Router
from service.router.routes import Complete, Destination, Route, Routes
from service.worker.worker import Worker


def test_a_study_comes_in_and_its_results_go_out(tmp_path, storescp, registry, clock):
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
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", clock)
    received, results = Spool(tmp_path / "received"), Spool(tmp_path / "results")
    listener = Listener(
        Address("127.0.0.1", 0),
        Admission("SENOSCOPE", lambda: [Caller("*")], Most(4), Intake(received, low_water=0)),
        Store(Taking(received, ledger, Metrics(registry, "test"), clock)),
    )
    worker = Worker(
        ledger=ledger,
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
        ledger=ledger,
        received=received,
        routes=lambda: routes,
        pipelines=catalogue(),
        versions={"super-resolution": "1"},
        queue=InlineQueue(worker.run),
        now=clock,
    )
    outbox = Outbox(ledger, results, received, "a process", clock)
    sender = Sender("pacs", outbox, Way("pacs", lambda *_: None))
    pacs = Peer(PeerAddress("PACS", "127.0.0.1", storescp.port), "SENOSCOPE")

    listener.start()
    files = [saved(image, tmp_path) for image in images]
    sent = list(send_files(files, PeerAddress("SENOSCOPE", "127.0.0.1", listener.port), "MAMMO1"))
    listener.stop(5)
    router.route_due()
    sender.send_due(pacs, threading.Event())

    assert all(one.ok for one in sent)
    assert {job.state for job in ledger.jobs()} == {JobState.DONE}
    assert {each.state for each in ledger.deliveries()} == {DeliveryState.SENT}
    assert len(storescp.instances()) == 2 * len(images)
    ledger.close()
