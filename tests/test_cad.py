"""The CAD on real input: every kind of object, valid, in the right place."""

import json
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study
from pydicom import dcmread

from pipelines.kinds import Kind
from service.ledger.spool import Spool

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


def test_files_of_every_make_give_valid_objects(dicom_files, tmp_path, edition):
    told = processed(dicom_files, tmp_path / "out")

    made = sorted((tmp_path / "out").glob("*.dcm"))
    assert {one["outcome"] for one in told} == {"done", "skipped"}
    assert {*Kind} >= kinds(made) > {Kind.CAD_SR, Kind.MG_DERIVED, Kind.TID1500}
    assert faults(made, edition) == ""


def test_a_second_run_makes_the_same_bytes(tmp_path):
    sources = two_views(tmp_path)

    for out in ("first", "second"):
        processed(sources, tmp_path / out)

    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / out).glob("*.dcm")}
        for out in ("first", "second")
    )
    assert first == second
    assert Kind.CAD_SR in kinds((tmp_path / "first").glob("*.dcm"))


@pytest.fixture
def node(tmp_path, orthanc):
    made = Node(tmp_path / "node", orthanc.dicom_port, pipeline="cad", accepts=list(Kind))
    made.start()
    made.wait_until_ready()
    yield made
    made.stop()


def settled(node):
    """Return the one job and its results, once it has ended and they are delivered."""
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
    good = two_views(tmp_path)
    broken = [spoilt(path, tmp_path / "broken") for path in good]
    assert storescu(broken, node.port).returncode == 0
    job, failures = settled(node)
    assert job.state == "dead"
    assert {one.kind for one in failures} == {Kind.CAD_SR, Kind.CAD_SR_SRT}
    told = read_by_dcmtk(orthanc.file(failures[0].sop_instance_uid))
    assert "No algorithms succeeded; without findings" in told
    assert "Not analysed (code PIXELS)" in told

    received = Spool(node.config.parent / "data" / "received")
    for path in good:  # as if the archive had mended it
        shutil.copy(path, received.path(str(dcmread(path).SOPInstanceUID)))
    node.run("jobs", "retry", job.job_id)
    job, results = settled(node)

    assert job.state == "done"
    (report,) = (one for one in results if one.kind == Kind.CAD_SR and not one.is_failure)
    held = dcmread(BytesIO(orthanc.file(report.sop_instance_uid)))
    cited = {
        str(document.ReferencedSOPInstanceUID)
        for study_ in held.PredecessorDocumentsSequence
        for series in study_.ReferencedSeriesSequence
        for document in series.ReferencedSOPSequence
    }
    assert cited == {one.sop_instance_uid for one in failures if one.kind == Kind.CAD_SR}


def spoilt(path, folder):
    folder.mkdir(exist_ok=True)
    image = dcmread(path)
    image.PixelData = image.PixelData[:1000]
    image.save_as(folder / path.name)
    return folder / path.name


def read_by_dcmtk(file):
    return subprocess.run(
        ["dsrdump", "+Pl", "-"], input=file, capture_output=True, check=True
    ).stdout.decode()
