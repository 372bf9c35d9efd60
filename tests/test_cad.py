"""The CAD on real input: every kind of object, valid, in the right place."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study
from pydicom import dcmread

from pipelines.kinds import Kind

PROJECT = Path(__file__).parents[1]
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:Invalid value for VR UI"),
]
NAME = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.fixture(scope="session")
def edition(request):
    """The tables for dicom-validator, kept from one run to the next."""
    return request.config.cache.mkdir("dicom-validator")


def senoscope(*arguments):
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def processed(paths, out, *options):
    told = senoscope("process", *paths, "--pipeline", "cad", "--out", out, "--json", *options)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def faults(paths, edition):
    command = [sys.executable, "-m", "tools.validate", "--edition", str(edition)]
    told = subprocess.run(
        [*command, *map(str, paths)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return "" if told.returncode == 0 else told.stdout + told.stderr


def two_views(folder, **settings):
    images = study(**{"rows": 512, "columns": 416, **settings})[:2]
    for image in images:
        image.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
        image.PatientName = NAME
    return [saved(image, folder) for image in images]


def kinds(paths):
    return {path.name.partition("-2.25")[0] for path in paths}


def test_files_of_every_make_give_valid_objects_and_a_second_run_the_same_bytes(
    dicom_files, tmp_path, edition
):
    told = processed(dicom_files, tmp_path / "out")
    processed(dicom_files, tmp_path / "again")

    made = sorted((tmp_path / "out").glob("*.dcm"))
    assert {one["outcome"] for one in told} == {"done", "skipped"}
    assert {kind for kind in Kind if "report" not in kind} >= kinds(made) > {Kind.CAD_SR}
    assert {path.name: path.read_bytes() for path in made} == {
        path.name: path.read_bytes() for path in sorted((tmp_path / "again").glob("*.dcm"))
    }
    assert faults(made, edition) == ""


@pytest.fixture
def node(tmp_path, orthanc):
    made = Node(tmp_path / "node", orthanc.dicom_port, pipeline="cad", accepts=list(Kind))
    made.start()
    made.wait_until_ready()
    yield made
    made.stop()


def settled(node):
    """Return the results of the one job, once it has ended and they are delivered."""
    ledger = node.ledger()

    def is_done():
        jobs = ledger.jobs()
        owed = [one for one in ledger.deliveries(limit=None) if one.state == "owed"]
        made = bool(jobs) and bool(ledger.results(jobs[0].job_id))
        return made and not owed and not any(job.state.is_open for job in jobs)

    until(is_done, 240, 0.2, node.log.read_text)
    (job,) = ledger.jobs()
    results = ledger.results(job.job_id)
    ledger.close()
    return job, results


def test_a_study_sent_by_c_store_comes_back_as_every_kind_in_the_right_place(
    node, orthanc, tmp_path, edition
):
    sources = two_views(tmp_path)
    assert storescu(sources, node.port).returncode == 0

    job, results = settled(node)

    assert job.state == "done"
    # Whether a lesion is found on a phantom is the networks' business: its objects may be missing.
    assert {one.kind for one in results} >= set(Kind) - {Kind.SEG, Kind.GSPS, Kind.SC_RGB}
    assert orthanc.instances() == sorted(one.sop_instance_uid for one in results)
    source = dcmread(sources[0])
    held = []
    for number, uid in enumerate(orthanc.instances()):
        tags = orthanc.tags(uid)
        assert tags["StudyInstanceUID"] == source.StudyInstanceUID
        assert tags["PatientID"] == source.PatientID
        held.append(tmp_path / f"held{number}.dcm")
        held[-1].write_bytes(orthanc.file(uid))
        assert str(dcmread(held[-1]).PatientName) == NAME
    assert faults(held, edition) == ""


def test_a_study_that_cannot_be_analysed_is_told_and_a_success_takes_its_place(
    node, orthanc, tmp_path
):
    sources = two_views(tmp_path)
    for path in sources:
        image = dcmread(path)
        image.PixelData = image.PixelData[:1000]
        image.save_as(path)
    assert storescu(sources, node.port).returncode == 0

    job, results = settled(node)

    assert job.state == "dead"
    assert {one.kind for one in results} == {Kind.CAD_SR, Kind.CAD_SR_SRT}
    assert all(one.is_failure for one in results)
    dump = subprocess.run(
        ["dsrdump", "+Pl", "-"],
        input=orthanc.file(results[0].sop_instance_uid),
        capture_output=True,
        check=False,
    )
    assert b"No algorithms succeeded; without findings" in dump.stdout
    assert b"PIXELS" in dump.stdout
