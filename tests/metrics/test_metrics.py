"""What all processes count and measure, as Prometheus is told it by one of them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from clock import Clock
from node_metrics import exposed, kinds
from phantoms import mammogram
from prometheus_client import CollectorRegistry, generate_latest
from working import job_of, row_of

from engines.gpu_memory import gpu_memory
from service.checks import Check
from service.delivery.turnarounds import Turnarounds
from service.errors import UnavailableError
from service.ledger.records import Decision, Result
from service.ledger.sql import open_ledger
from service.metrics import CALLERS, Metrics, new_sheet, turnaround
from service.observer import Observer
from service.teller import CLOCK, Teller

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `(senoscope_\w+)` \| (\w+) \|", re.MULTILINE)
IMAGE = mammogram("RMLO", rows=96, columns=64)
STUDY = str(IMAGE.StudyInstanceUID)
JOB = job_of(IMAGE, "cad")
RESULT = Result("1.2.99", "1.2.840", "1.2.9", STUDY, "1.2.840.1", 1000, "cad-sr", ("pacs",))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(ledger_url, clock):
    opened = open_ledger(ledger_url, clock)
    yield opened
    opened.close()


def process(ledger, name, *roles):
    """Return a process of the node, as far as it counts and tells."""
    metrics = Metrics(CollectorRegistry(), "1.2.3")
    return Teller(ledger, metrics, name, roles, ledger.now, ledger.now(), lambda: None)


def raising(*_):
    raise UnavailableError("away")


def value(ledger, name, **labels):
    return exposed(ledger).get_sample_value(name, labels)


def judged(ledger, *jobs, reason=""):
    """Write down that IMAGE came, and these jobs of it."""
    ledger.record(row_of(IMAGE))
    uid = str(IMAGE.SOPInstanceUID)
    why = Decision(uid, "route", "cad", not reason, reason, JOB.job_id, ledger.now())
    ledger.decide([why], jobs)


def test_every_metric_is_in_the_documentation_and_no_other(ledger):
    documented = dict(ROW.findall((DOCS / "metrics.md").read_text()))

    assert documented == kinds(exposed(ledger))


def test_what_processes_count_is_added_up_and_outlives_them(ledger):
    listener, other = process(ledger, "one", "listener"), process(ledger, "two", "listener")
    for each in (listener, other):
        each.metrics.received("MAMMO1", "MG", "kept")
        each.metrics.received_bytes(1000)
        each.tell()
        each.metrics.received("MAMMO1", "MG", "kept")
        each.tell()
        each.tell()
    listener.metrics.received_bytes(500)
    listener.end()
    again = process(ledger, "three", "listener")
    again.metrics.received("MAMMO1", "MG", "kept")
    again.tell()

    name = "senoscope_instances_received_total"
    assert value(ledger, name, calling_ae="MAMMO1", sop_class="MG", outcome="kept") == 5
    assert value(ledger, "senoscope_received_bytes_total") == 2500
    assert [one.owner for one in ledger.processes()] == ["three", "two"]


class Away:
    """A ledger that is away."""

    tell = staticmethod(raising)


def test_what_could_not_be_told_is_told_the_next_time(ledger):
    listener = process(ledger, "one", "listener")
    listener.metrics.received_bytes(1000)
    with pytest.raises(UnavailableError):
        replace(listener, ledger=Away()).tell()

    listener.tell()

    assert value(ledger, "senoscope_received_bytes_total") == 1000


def test_what_processes_measure_is_one_number_and_the_dead_are_not_asked(ledger, clock):
    one, two = process(ledger, "one", "delivery"), process(ledger, "two", "delivery", "listener")
    one.metrics.associations(3)
    two.metrics.associations(4)
    one.metrics.destination_up("pacs", up=True)
    two.metrics.destination_up("pacs", up=False)
    one.tell()
    two.tell()

    assert value(ledger, "senoscope_associations", state="open") == 7
    assert value(ledger, "senoscope_destination_up", destination="pacs") == 0
    assert value(ledger, "senoscope_processes", role="delivery") == 2
    assert value(ledger, "senoscope_build_info", version="1.2.3") == 1

    clock.pass_(25)
    one.tell()
    clock.pass_(10)

    assert value(ledger, "senoscope_associations", state="open") == 3
    assert value(ledger, "senoscope_destination_up", destination="pacs") == 1
    assert value(ledger, "senoscope_processes", role="delivery") == 1
    assert value(ledger, "senoscope_processes", role="listener") is None


def test_a_histogram_has_all_its_bounds_in_their_order(ledger):
    teller = process(ledger, "one", "worker")
    teller.metrics.finding("densenet121", 0.55)
    teller.tell()

    lines = generate_latest(exposed(ledger)).decode().splitlines()

    told = [line for line in lines if line.startswith("senoscope_finding_score")]
    buckets = [line.rpartition(" ")[2] for line in told if "_bucket" in line]
    assert buckets == ["0.0"] * 5 + ["1.0"] * 6
    assert 'senoscope_finding_score_sum{model="densenet121"} 0.55' in told


def test_a_job_is_counted_with_its_end_and_not_where_another_has_it_by_now(ledger):
    judged(ledger, JOB)
    held = ledger.claim("slow")
    ledger.lost("slow", "it was killed")
    ledger.now.pass_(60)
    mine = ledger.claim("quick")
    sheet = new_sheet()
    sheet.job_done("cad", {"read": 0.5})
    sheet.engine_answered("unet", "openvino-bf16", 0.02)

    assert not ledger.finish(held, [], {}, counted=sheet.counted())
    assert ledger.finish(mine, [], {}, counted=sheet.counted())

    assert value(ledger, "senoscope_job_seconds_count", pipeline="cad", stage="read") == 1
    labels = {"engine": "unet", "backend": "openvino-bf16"}
    assert value(ledger, "senoscope_engine_seconds_sum", **labels) == 0.02


def test_a_study_is_through_once_when_its_last_result_is_acknowledged(ledger, clock):
    other = replace(RESULT, sop_instance_uid="1.2.98")
    judged(ledger, JOB)
    ledger.finish(ledger.claim("worker"), [RESULT, other], {})
    first, last = ledger.owed("pacs")
    begun = row_of(IMAGE).received_at

    ledger.sent(first)
    assert ledger.note_through(JOB.job_id, counted) is None
    clock.pass_(7)
    ledger.sent(last)
    through = ledger.note_through(JOB.job_id, counted)
    clock.pass_(3600)
    ledger.resend(STUDY, "pacs")
    for each in ledger.owed("pacs"):
        ledger.sent(each)
    again = ledger.note_through(JOB.job_id, counted)

    assert through.seconds == (clock.time - begun).total_seconds() - 3600
    assert again is None
    assert value(ledger, "senoscope_turnaround_seconds_count", route="route") == 1


def test_a_study_that_was_through_when_a_process_died_is_found(ledger):
    judged(ledger, JOB)
    ledger.finish(ledger.claim("worker"), [RESULT], {})
    turnarounds = Turnarounds(ledger, counted)
    turnarounds.find()
    assert value(ledger, "senoscope_turnaround_seconds_count", route="route") is None
    (last,) = ledger.owed("pacs")
    ledger.sent(last)  # killed here: nobody noted that this was the last one

    for _ in range(2):
        turnarounds.find()

    assert value(ledger, "senoscope_turnaround_seconds_count", route="route") == 1


def test_a_study_whose_last_job_owes_nothing_is_through_with_what_was_acknowledged(ledger, clock):
    begun = row_of(IMAGE).received_at
    judged(ledger, JOB, replace(JOB, job_id="another"))
    one, other = ledger.claim("worker"), ledger.claim("worker")
    ledger.finish(one, [RESULT], {})
    (last,) = ledger.owed("pacs")
    ledger.sent(last)
    took = (clock.time - begun).total_seconds()
    assert ledger.note_through(one.job_id, counted) is None
    clock.pass_(60)
    ledger.finish(other, [], {})

    Turnarounds(ledger, counted).find()

    assert value(ledger, "senoscope_turnaround_seconds_sum", route="route") == took


def test_a_rerun_that_owes_nothing_is_not_through_with_what_was_sent_before(ledger, clock):
    judged(ledger, JOB)
    ledger.finish(ledger.claim("worker"), [RESULT], {})
    (last,) = ledger.owed("pacs")
    ledger.sent(last)
    ledger.note_through(JOB.job_id, counted)
    clock.pass_(60)
    judged(ledger, replace(JOB, job_id="again", rerun=1))
    ledger.finish(ledger.claim("worker"), [], {})

    Turnarounds(ledger, counted).find()

    assert value(ledger, "senoscope_turnaround_seconds_count", route="route") == 1


def counted(through):
    return turnaround(through.route, through.seconds)


def test_a_skipped_image_is_counted_by_what_stands_before_the_colon(ledger):
    judged(ledger, reason="no such view: 1.2.3")

    name = "senoscope_images_skipped_total"
    assert value(ledger, name, route="route", reason="no such view") == 1


def test_views_are_counted_and_odd_ones_are_one(ledger):
    teller = process(ledger, "one", "listener")
    for word in ("RMLO", "RMLO+ID", "LXYZ9"):
        teller.metrics.image(word)
    teller.tell()

    assert value(ledger, "senoscope_images_total", view="MLO", laterality="R") == 2
    assert value(ledger, "senoscope_images_total", view="other", laterality="L") == 1


def test_it_is_told_how_long_the_oldest_has_waited(ledger, clock):
    begun = row_of(IMAGE).received_at
    ledger.record(row_of(IMAGE))
    clock.pass_(5)

    waited = (clock.time - begun).total_seconds()
    assert value(ledger, "senoscope_oldest_study_seconds") == waited

    judged(ledger, JOB)
    clock.pass_(10)
    assert value(ledger, "senoscope_oldest_study_seconds") == 0
    due = (clock.time - JOB.run_at).total_seconds()
    assert value(ledger, "senoscope_oldest_job_seconds", state="queued") == due

    ledger.finish(ledger.claim("worker"), [RESULT], {})
    clock.pass_(20)
    assert value(ledger, "senoscope_oldest_job_seconds", state="queued") == 0
    assert value(ledger, "senoscope_oldest_delivery_seconds", destination="pacs") == 20


def test_while_the_ledger_is_away_the_node_tells_what_it_knows_without_it(ledger):
    away = Check("ledger", ok=False, detail="away")

    registry = exposed(ledger, [away], is_reachable=False)

    assert registry.get_sample_value("senoscope_ready", {"check": "ledger"}) == 0
    assert registry.get_sample_value("senoscope_spool_free_bytes") == 42
    assert registry.get_sample_value("senoscope_oldest_study_seconds") is None


def test_a_check_that_fails_itself_is_told_as_one_that_does_not_hold():
    observer = Observer({"worker": raising, "disk": lambda: Check("disk", ok=True, detail="room")})

    observer.look()

    assert [(check.name, check.ok) for check in observer.found()] == [
        ("worker", False),
        ("disk", True),
    ]


def test_a_clock_that_is_behind_anothers_is_pointed_out_once(ledger, clock, caplog):
    ahead, behind = process(ledger, "one", "router"), process(ledger, "two", "listener")
    ahead.tell()
    clock.pass_(-300)

    behind.tell()
    behind.tell()

    assert [one.getMessage() for one in caplog.records] == [CLOCK % 300]


def test_the_memory_of_a_gpu_is_told_by_host_and_device_and_a_cpu_has_none(ledger):
    worker = process(ledger, "one", "worker")
    worker.metrics.gpu_memory("host", "cuda:0", used=3, free=5)
    worker.tell()

    labels = {"host": "host", "device": "cuda:0"}
    assert value(ledger, "senoscope_gpu_memory_bytes", state="used", **labels) == 3
    assert value(ledger, "senoscope_gpu_memory_bytes", state="free", **labels) == 5
    assert gpu_memory("cpu") is None


def test_who_makes_up_ae_titles_makes_no_more_series_than_are_bearable():
    metrics = Metrics(CollectorRegistry(), "1.2.3")

    for number in range(CALLERS + 50):
        metrics.received(f"AE{number}", "other", "kept")

    callers = {dict(one.labels)["calling_ae"]: one.value for one in received(metrics)}
    assert len(callers) == CALLERS + 1
    assert callers["other"] == 50


def received(metrics):
    return [one for one in metrics.counted() if one.name == "senoscope_instances_received_total"]
