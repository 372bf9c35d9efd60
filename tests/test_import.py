"""Somebody else's network: imported while the node runs, named in a route, answers in DICOM."""

import subprocess

import pytest
import typer
from foreign import blurring, saved, sklearn_model
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved as saved_image
from phantoms import study
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage
from typer.testing import CliRunner

from service.cli.engines import importing

NAMED = 'pipelines = ["classification:forest", "segmentation:bright"]'


@pytest.fixture
def node(tmp_path, storescp):
    made = Node(tmp_path / "node", storescp.port)
    made.start()
    made.wait_until_ready()
    yield made
    made.stop()


def imported(node, file, *options):
    app = typer.Typer()
    importing.register(app)
    arguments = [str(file), *options, "--yes", "--config", str(node.config)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def settled(node, images):
    ledger = node.ledger()

    def are_done():
        jobs = ledger.jobs(limit=100)
        owed = [one for one in ledger.deliveries(limit=100) if one.state == "owed"]
        return len(jobs) == images and not owed and all(job.state == "done" for job in jobs)

    until(are_done, 120, 0.2, node.log.read_text)
    ledger.close()


@pytest.mark.timeout(300)
def test_a_foreign_network_runs_in_a_route_without_code(node, storescp, tmp_path):
    _, forest = sklearn_model("forest")
    imported(
        node,
        saved(forest, tmp_path, "forest.onnx"),
        *("--task", "classification", "--labels", "dark,bright"),
    )
    imported(
        node,
        saved(blurring(), tmp_path, "bright.onnx"),
        *("--task", "segmentation", "--labels", "bright", "--tile", "64", "--halo", "1"),
    )
    routes = node.config.parent / "routes.toml"
    routes.write_text(routes.read_text().replace('pipelines = ["super-resolution"]', NAMED))
    images = study(rows=256, columns=208)

    sent = [storescu([saved_image(image, tmp_path)], node.port) for image in images]

    assert {one.returncode for one in sent} == {0}
    settled(node, 2 * len(images))
    results = [dcmread(path) for path in storescp.files()]
    kinds = [one.SOPClassUID for one in results]
    assert kinds.count(Comprehensive3DSRStorage) == 2 * len(images)
    assert kinds.count(SegmentationStorage) == len(images)
    assert {one.SoftwareVersions[1].split()[0] for one in results} == {"forest", "bright"}
    assert [fault for path in storescp.files() for fault in faults(path)] == []
    assert 'pipeline="classification:forest"' in node.get("/metrics")


def faults(path):
    """Return what dciodvfy calls an error."""
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return [line for line in told.stderr.splitlines() if line.startswith("Error")]
