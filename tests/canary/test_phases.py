"""Each place on the line that can fail is named by the canary that fails there."""

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from peers.programs import until
from working import plain_image, row_of

from engines.engine import Engine
from service.canary.phantom import canary_image
from service.canary.routing import CANARY_ROUTE, Beside
from service.errors import BadConfigurationError
from service.ledger.canary import AE_TITLE, CanaryRun, Phase
from service.parts import Parts


@dataclass(frozen=True)
class Flipped:
    """A back end that computes black for white."""

    inner: Engine

    @property
    def card(self):
        return self.inner.card

    @property
    def backend(self):
        return self.inner.backend

    def __call__(self, batch):
        return 1 - self.inner(batch)

    def stream(self, batches):
        return (1 - answer for answer in self.inner.stream(batches))

    def close(self):
        self.inner.close()


def fared(line, seconds=3):
    run = line.canary(seconds).run("check")
    return run.phase, run.reason


def left(parts):
    """Return what there is of canaries in ledger and spools."""
    rows = [*parts.ledger.studies(), *parts.ledger.jobs(), *parts.ledger.deliveries()]
    files = [path for path in parts.data.rglob("2.25.*") if path.is_file()]
    return rows + files


def test_a_node_that_works_lets_it_through_and_keeps_nothing_of_it(line):
    line.listen()
    line.route()
    line.work()
    line.deliver()

    assert fared(line, 60) == (Phase.NONE, "")
    assert left(line.parts) == []
    assert line.parts.ledger.last_canary().runs == 1


def test_nobody_at_the_port_is_named(line):
    phase, reason = fared(line)

    assert phase is Phase.PORT
    assert "is `senoscope serve` up?" in reason


def test_an_association_that_is_rejected_is_named(line):
    settings = line.parts.settings
    nowhere = settings.canary.model_copy(update={"networks": ()})
    line.parts = Parts(settings.model_copy(update={"canary": nowhere}))
    line.listen()

    phase, reason = fared(line)

    assert phase is Phase.ASSOCIATION
    assert "calling ae title not recognised" in reason


def test_a_disk_that_is_full_is_named(line):
    settings = line.parts.settings
    disk = settings.disk.model_copy(update={"low_water_mb": 1 << 40})
    line.parts = Parts(settings.model_copy(update={"disk": disk}))
    line.listen()

    phase, reason = fared(line)

    assert phase is Phase.ASSOCIATION
    assert "temporary congestion" in reason


def test_a_router_that_is_not_there_is_named(line):
    line.listen()

    assert fared(line, 1) == (
        Phase.ROUTING,
        "no end within 1 s: no router has judged it: is one running?",
    )


def test_a_worker_that_is_not_there_is_named(line):
    line.listen()
    line.route()

    assert fared(line) == (Phase.WORKER, "no end within 3 s: no worker is ready")


def test_an_engine_that_computes_wrongly_is_named(line):
    line.listen()
    line.route()
    line.work(Flipped)
    line.deliver()

    phase, reason = fared(line, 60)

    assert phase is Phase.ENGINE
    assert "the enlarged image is wrong: it strays by" in reason


def test_a_delivery_that_nobody_makes_is_named(line):
    line.listen()
    line.route()
    line.work()
    until(line.parts.ledger.workers, 60)

    phase, reason = fared(line, 8)

    assert phase is Phase.DELIVERY
    assert "nobody sends it: does delivery run?" in reason
    assert left(line.parts) == []


def test_there_is_one_at_a_time_and_one_whose_process_died_keeps_none_waiting_for_long(line):
    ledger, canary = line.parts.ledger, line.canary()
    ends = canary.now() + timedelta(minutes=1)
    begun = CanaryRun("2.25.1", "check", "127.0.0.1", 1, canary.now(), ends)
    assert ledger.begin_canary(begun)

    assert canary.run("schedule") is None

    later = replace(ledger, now=lambda: ends + timedelta(seconds=1))
    assert replace(canary, ledger=later).run("schedule").phase is Phase.PORT


def test_nobody_waits_for_the_disk_that_lets_the_files_of_a_canary_go(line):
    ledger, took = line.parts.ledger, []
    assert ledger.record(row_of(plain_image("1.2.1"), calling_ae_title=AE_TITLE))

    def write(_):
        writer = threading.Thread(target=ledger.ping)
        writer.start()
        writer.join(timeout=30)
        took.append(not writer.is_alive())

    assert ledger.forget_canaries(write, write) == 1
    assert took == [True]
    assert left(line.parts) == []


def test_no_route_of_the_clinic_takes_a_canary_and_that_of_canaries_nothing_else(line):
    judge = line.parts.router().judge()
    header = canary_image(uuid4())

    assert [one.name for one in judge.taken(header, AE_TITLE)] == [CANARY_ROUTE.name]
    assert [one.name for one in judge.taken(header, "MAMMO1")] == ["everything"]


def test_the_routes_beside_canaries_are_the_same_object_as_long_as_the_clinics_are(line):
    beside = Beside(line.parts.routes.current)

    assert beside() is beside()
    assert beside().text == line.parts.routes.current().text


def test_no_route_of_a_file_can_have_the_name_of_that_of_canaries(line, config: Path):
    file = config.parent / "routes.toml"
    file.write_text(file.read_text().replace("everything", CANARY_ROUTE.name))

    with pytest.raises(BadConfigurationError, match="name"):
        line.parts.routes.current()


def test_pixels_that_stray_within_the_cards_tolerance_are_right(line):
    image = canary_image(uuid4())
    golden = line.parts.canary().golden(line.parts.canary().card())
    image.Rows, image.Columns = golden.pixels.shape

    image.PixelData = np.where(golden.pixels > 3, golden.pixels - 3, golden.pixels).tobytes()
    assert golden.objection(image) == ""

    image.PixelData = np.where(golden.pixels > 300, golden.pixels - 300, 0).tobytes()
    assert "strays" in golden.objection(image)
