"""A device that computes wrongly while another does its work: the node says so."""

from contextlib import closing

import pytest
from consoles import ROUTES
from flipped import Flipped

from engines import load
from engines.backends.onnxruntime import open_reference
from engines.plans.store import PlanStore
from engines.ways import Way, ways
from service.checks import run_checks
from service.checkup import Checkup
from service.clock import now
from service.parts import Parts
from service.settings import load_settings
from service.wiring import make_worker
from service.worker.presence import say_it_is_there

SETTINGS = """\
data_dir = "data"
[worker]
devices = ["auto"]
"""
WRONG = "cuda:0 computes wrongly by torch-fp32 (fsrcnn-x2)"


@pytest.fixture
def parts(tmp_path):
    """A node of which nothing runs yet."""
    (tmp_path / "senoscope.toml").write_text(SETTINGS)
    (tmp_path / "routes.toml").write_text(ROUTES.format(pacs=1))
    made = Parts(load_settings(tmp_path / "senoscope.toml"))
    with closing(made.ledger):
        yield made


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that computes wrongly, in front of this machine's CPU."""

    def with_gpu(card, device: str, store: PlanStore):
        assert device == "auto"
        flipped = lambda: Flipped(open_reference(card), "torch-fp32")  # noqa: E731 - said in a line
        yield Way("torch", "fp32", "cuda:0", card, flipped)
        yield from ways(card, "cpu", store)

    monkeypatch.setattr(load, "ways", with_gpu)


def worked(parts):
    """Let a worker of the node say that it is there; return what is found then."""
    worker = make_worker(parts.settings, "auto")
    say_it_is_there(worker, now())
    found = {one.name: one for one in run_checks(parts.readiness.checks())}
    (devices,) = [Checkup(parts).checks()["devices"]()]
    (process,) = parts.ledger.processes()
    told = [one for one in process.measures if one.name == "senoscope_engine_distrusted"]
    worker.ledger.close()
    return found["worker"], devices, [dict(one.labels) for one in told]


@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_computes_wrongly_is_named_while_the_cpu_does_its_work(parts, caplog):
    worker, devices, told = worked(parts)

    assert worker.ok
    assert WRONG in worker.detail
    assert not devices.ok
    assert WRONG in devices.detail
    assert [(one["device"], one["engine"], one["backend"]) for one in told] == [
        ("cuda:0", "fsrcnn-x2", "torch-fp32")
    ]
    assert any("torch-fp32 computes wrongly" in one.getMessage() for one in caplog.records)


def test_where_every_device_computes_rightly_nothing_is_said(parts, monkeypatch):
    monkeypatch.setattr(load, "ways", lambda card, _, store: ways(card, "cpu", store))

    worker, devices, told = worked(parts)

    assert "wrongly" not in worker.detail
    assert devices.ok
    assert told == []
