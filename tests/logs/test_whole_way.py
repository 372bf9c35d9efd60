"""What a whole node logs: the way of a study under one word, and nothing of a patient."""

import json
import re

import psutil
import pytest
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study

from service.trail import trace_of

PATIENT = {
    "PatientName": "Xanthippe^Quellmalz",
    "PatientID": "MRN-7781-QX",
    "PatientBirthDate": "19430219",
    "AccessionNumber": "ACC-55-0817",
    "StudyID": "SID-99431",
    "ReferringPhysicianName": "Zwetkow^Wolodymyr",
    "InstitutionName": "Klinikum Sankt Nimmerlein",
    "StudyDescription": "Vorsorge Quellmalz",
    "StudyDate": "20231130",
}
WORDS = sorted({word for value in PATIENT.values() for word in value.split("^")})
SECRET = re.compile("|".join(map(re.escape, WORDS)), re.IGNORECASE)
STAGES = (
    "objects of it come from",
    "objects came by this association",
    "images make",
    "begins: super-resolution",
    " done",
    "pacs has",
)
"""In their order along the line; the second may come late: it is the end of the association."""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node that was sent a good study, one that cannot be read and one of no study."""
    from peers import dcmtk  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("node")
    with dcmtk.storescp(folder / "pacs") as pacs:
        node = Node(folder, pacs.port)
        node.start()
        node.wait_until_ready()
        _send(node, folder)
        yield node
        node.stop()


def _send(node, folder):
    good, broken, alien = study(rows=160, columns=128)[:3]
    for image in (good, broken, alien):
        for keyword, value in PATIENT.items():
            setattr(image, keyword, value)
    broken.StudyInstanceUID = "1.2.3.4.5"
    broken.PixelData = broken.PixelData[:1000]
    del alien.StudyInstanceUID
    for file in [saved(one, folder) for one in (good, broken, alien)]:
        storescu([file], node.port)
    ledger = node.ledger()
    until(lambda: len([one for one in ledger.jobs() if not one.state.is_open]) >= 2, 90)
    node.uid = str(good.StudyInstanceUID)
    until(lambda: ledger.deliveries(node.uid), 30)
    until(lambda: all(one.state == "sent" for one in ledger.deliveries(node.uid)), 30)
    ledger.close()


def logged(node):
    whole, _, _ = node.log.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def test_one_word_finds_the_whole_way_of_a_study_in_all_processes(node):
    trace = trace_of(node.uid)

    until(lambda: all(any(s in one for one in events(node, trace)) for s in STAGES), 20)

    found = [next(i for i, one in enumerate(events(node, trace)) if s in one) for s in STAGES]
    assert found[:1] + found[2:] == sorted(found[:1] + found[2:])


def events(node, trace):
    return [one["event"] for one in logged(node) if one.get("trace") == trace]


def test_the_way_begins_with_an_association_that_has_a_name(node):
    of_study = [one for one in logged(node) if one.get("study") == node.uid]

    (association,) = {one["association"] for one in of_study if "association" in one}
    accepted = [one for one in logged(node) if one.get("association") == association]
    assert accepted[0]["event"].startswith("association accepted: ")


def test_jobs_and_deliveries_are_logged_with_their_job(node):
    sent = [one for one in logged(node) if one["event"].startswith("pacs has")]

    jobs = {one["job"] for one in sent if one["study"] == node.uid}
    begun = {one["job"] for one in logged(node) if " begins: " in one["event"]}
    assert jobs
    assert jobs <= begun


def test_neither_logs_nor_metrics_nor_errors_name_a_patient(node):
    ledger = node.ledger()
    jobs, refusals = ledger.jobs(), ledger.refusals()
    told = {
        "log": node.log.read_text(),
        "metrics": node.get("/metrics"),
        "ready": node.get("/readyz"),
        "jobs": repr(jobs),
        "refusals": repr(refusals),
        "decisions": repr([ledger.decisions(one.study_instance_uid) for one in ledger.studies()]),
        "deliveries": repr(ledger.deliveries()),
    }
    ledger.close()

    assert any(job.state == "dead" and job.error for job in jobs)
    assert refusals
    assert {where: found for where, text in told.items() if (found := SECRET.findall(text))} == {}


def test_what_becomes_of_a_process_that_is_killed_is_a_line_like_the_others(node, tmp_path):
    known = len(logged(node))
    files = [saved(one, tmp_path) for one in study(seed=8, rows=1600, columns=1280)]
    storescu(files, node.port)
    until(lambda: any(" begins: " in one["event"] for one in logged(node)[known:]), 60)

    for child in leaves(node):
        child.kill()

    died = "exited with 'signal 9 (SIGKILL)'"
    until(lambda: any(died in one["event"] for one in logged(node)[known:]), 60)
    until(lambda: any("its process died" in one["event"] for one in logged(node)[known:]), 60)
    of_pool = [one["event"] for one in logged(node) if one["logger"] == "multiprocessing"]
    assert of_pool
    assert all(died in one for one in of_pool)
    assert [one["exception"] for one in logged(node)[known:] if "exception" in one] == []


def leaves(node):
    """The processes that do the work."""
    family = psutil.Process(node.process.pid).children(recursive=True)
    return [one for one in family if not one.children() and one.ppid() != node.process.pid]
