"""The main job on real input: storescu sends real files, results come to real PACS."""

import subprocess

import pytest
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study
from pydicom import dcmread

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR UI")

SETTLED = {"done", "dead"}
NOT_SENT = 1
"""storescu's exit status where it would not send the file at all."""


@pytest.fixture
def node_of(tmp_path):
    """Return a way to start a node that sends to a PACS; it is stopped at the end."""
    started = []

    def start(pacs_port, **settings):
        node = Node(tmp_path / "node", pacs_port, **settings)
        node.start()
        started.append(node)
        node.wait_until_ready()
        return node

    yield start
    for node in started:
        if node.process.poll() is None:
            node.stop()


def four_views(folder):
    return [saved(image, folder) for image in study(rows=256, columns=208)]


def send(paths, node):
    return {path: storescu([path], node.port) for path in paths}


def unexplained(answers, images, refusals):
    """Return the files of which the node does not say what it made of them, or why nothing."""
    return [
        path.name for path, answer in answers.items() if not told(path, answer, images, refusals)
    ]


def told(path, answer, images, refusals):
    if answer.returncode == NOT_SENT:
        return answer.output
    if answer.returncode == 0:
        decisions = [d for uid in uids_of(path) & set(images) for d in images[uid]["decisions"]]
        return decisions and all(reason_of(decision) for decision in decisions)
    return any(one["reason"] for one in refusals if one["sop_instance_uid"] in uids_of(path))


def uids_of(path):
    """Return the SOP Instance UIDs that a file claims; bad ones have two."""
    image = dcmread(path, specific_tags=["SOPInstanceUID"])
    return {str(image.SOPInstanceUID), str(image.file_meta.MediaStorageSOPInstanceUID)}


def reason_of(decision):
    if not decision["taken"]:
        return decision["reason"]
    return decision["results"] if decision["job_state"] == "done" else decision["error"]


def judged(node):
    """Return every study as `studies show` tells it, once nothing is left to be done."""
    ledger = node.ledger()

    def settled():
        jobs = ledger.jobs(limit=1000)
        owed = [each for each in ledger.deliveries(limit=1000) if each.state == "owed"]
        undecided = sum(one.undecided for one in ledger.studies(1000))
        return not undecided and not owed and all(job.state in SETTLED for job in jobs)

    until(settled, 120, 0.2, node.log.read_text)
    uids = [one.study_instance_uid for one in ledger.studies(1000)]
    ledger.close()
    return [node.senoscope("studies", "show", uid) for uid in uids]


def faults(path):
    """Return what dciodvfy calls an error."""
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return [line for line in told.stderr.splitlines() if line.startswith("Error")]


@pytest.mark.timeout(300)
def test_each_good_file_is_kept_and_told_about_and_its_results_are_valid(
    node_of, storescp, dicom_files
):
    node = node_of(storescp.port)

    answers = send(dicom_files, node)

    images = {
        image["sop_instance_uid"]: image for study_ in judged(node) for image in study_["images"]
    }
    refusals = node.senoscope("studies", "list", "--refused")
    assert images
    assert unexplained(answers, images, refusals) == []
    made = [
        result["sop_instance_uid"]
        for image in images.values()
        for decision in image["decisions"]
        for result in decision["results"]
    ]
    assert made
    assert sorted(made) == storescp.instances()
    assert [fault for path in storescp.files() for fault in faults(path)] == []


@pytest.mark.timeout(300)
def test_bad_files_crash_nothing_and_name_their_fault(node_of, storescp, bad_files, tmp_path):
    node = node_of(storescp.port)
    good = four_views(tmp_path)

    answers = send(bad_files, node)
    after = send(good, node)

    told = judged(node)
    refusals = node.senoscope("studies", "list", "--refused")
    kept = {image["sop_instance_uid"]: image for one in told for image in one["images"]}
    assert unexplained(answers, kept, refusals) == []
    assert {answer.returncode for answer in after.values()} == {0}
    assert len(node.processes()) == 3
    assert len(storescp.instances()) >= 2 * len(good)


@pytest.mark.timeout(300)
def test_results_reach_orthanc_as_they_were_made(node_of, orthanc, tmp_path):
    node = node_of(orthanc.dicom_port)

    send(four_views(tmp_path), node)

    (told,) = judged(node)
    made = [
        result["sop_instance_uid"]
        for image in told["images"]
        for decision in image["decisions"]
        for result in decision["results"]
    ]
    assert len(made) == 8
    assert sorted(made) == orthanc.instances()


@pytest.mark.timeout(300)
def test_a_pacs_that_is_down_gets_its_results_when_it_is_back(node_of, orthanc, tmp_path):
    orthanc.kill()
    node = node_of(orthanc.dicom_port)
    ledger = node.ledger()
    send(four_views(tmp_path), node)
    until(
        lambda: len([d for d in ledger.deliveries() if "cannot be reached" in d.error]) > 1,
        60,
        why=node.log.read_text,
    )
    ledger.close()

    orthanc.start()

    judged(node)
    assert len(orthanc.instances()) == 8


@pytest.mark.timeout(300)
def test_redis_is_a_matter_of_configuration_alone(node_of, storescp, redis_server, tmp_path):
    node = node_of(storescp.port, broker=redis_server.url)

    send(four_views(tmp_path), node)

    judged(node)
    assert len(storescp.instances()) == 8
    assert not (node.config.parent / "data" / "broker").exists()


@pytest.mark.timeout(300)
def test_sigterm_lets_it_finish_and_metrics_tell_what_it_did(node_of, storescp, tmp_path):
    node = node_of(storescp.port)
    send(four_views(tmp_path), node)
    judged(node)
    until(
        lambda: (
            'senoscope_turnaround_seconds_count{route="everything"} 1.0' in node.get("/metrics")
        ),
        20,
        why=lambda: node.get("/metrics"),
    )

    text = node.get("/metrics")

    assert 'senoscope_deliveries{destination="pacs",state="sent"} 8.0' in text
    assert 'senoscope_job_seconds_count{pipeline="super-resolution",stage="enlarge"} 4.0' in text
    assert node.stop() == 0
