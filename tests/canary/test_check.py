"""`senoscope check` names each fault, and what is down hides nothing of the rest."""

import json
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from peers.programs import until
from working import plain_image, row_of

from service.checkup import Checkup
from service.clock import now
from service.errors import UnavailableError
from service.ledger.sql import open_ledger
from service.parts import Parts
from service.settings import load_settings, packaged_models


def failed(config, **changed):
    """Return what is wrong with the node of those settings, some sections changed."""
    settings = load_settings(config)
    sections = {
        name: getattr(settings, name).model_copy(update=keys) for name, keys in changed.items()
    }
    parts = Parts(settings.model_copy(update=sections))
    found = list(Checkup(parts).run())
    with suppress(UnavailableError):
        parts.ledger.close()
    return {one.name: one.detail for one in found if not one.ok}


def test_without_a_node_all_else_is_looked_at_and_the_port_is_named(config):
    found = failed(config)

    assert found.keys() == {"worker", "node", "destination pacs", "phantom study"}
    assert found["node"].startswith("nothing listens on 127.0.0.1:")
    assert "PACS@127.0.0.1:" in found["destination pacs"]
    assert found["phantom study"] == "not sent: first mend worker, node"


def test_a_ledger_that_is_down_is_named_and_hides_nothing(config):
    found = failed(config, ledger={"url": "postgresql+psycopg://nobody@127.0.0.1:1/none"})

    assert found["ledger"].startswith("ledger: ")
    assert {"node", "destination pacs"} <= found.keys()
    assert "disk" not in found


def test_a_broker_that_is_down_is_named(config):
    found = failed(config, queue={"broker": "redis://127.0.0.1:1/0"})

    assert "broker" in found
    assert "broker" in found["phantom study"]


def test_a_full_disk_is_named(config):
    found = failed(config, disk={"low_water_mb": 1 << 40})

    assert "must stay" in found["disk"]


def test_a_clock_that_was_set_back_is_named(config):
    with closing(Parts(load_settings(config)).ledger) as ledger:
        ledger.record(row_of(plain_image("1.2.3"), received_at=now() + timedelta(hours=1)))

    found = failed(config)

    assert found["clock"].startswith("this host's clock is 3")
    assert "s behind the ledger's" in found["clock"]


def test_the_clock_of_postgresql_counts(postgresql):
    with closing(open_ledger(postgresql.database(), now)) as ledger:
        late = replace(ledger, now=lambda: now() + timedelta(minutes=2))

        assert abs(ledger.clock_behind()) < timedelta(seconds=5)
        assert late.clock_behind() < timedelta(seconds=-100)


def test_weights_and_plans_that_were_altered_are_named(config):
    network = "fsrcnn-x2"
    card = max((packaged_models() / network).iterdir())
    own = config.parent / "models" / network / "9"
    own.mkdir(parents=True)
    told = (card / "card.toml").read_text()
    (own / "card.toml").write_text(told.replace(f'version = "{card.name}"', 'version = "9"'))
    (own / "weights.onnx").write_bytes((card / "weights.onnx").read_bytes() + b"!")

    assert "sha256" in failed(config)["model of super-resolution"]

    (own / "weights.onnx").write_bytes((card / "weights.onnx").read_bytes())
    plans = load_settings(config).plans / network / "9"
    plans.mkdir(parents=True, mode=0o700)
    (plans / "tensorrt-fp16-0.json").write_text("{")

    assert failed(config)["model of super-resolution"].startswith("bad plan: ")


def test_routes_that_are_missing_are_named(config):
    (config.parent / "routes.toml").unlink()

    assert "no such file" in failed(config)["routes"]


def test_a_data_folder_that_cannot_be_used_is_named_and_hides_nothing(config):
    (config.parent / "data").write_text("a file")

    found = failed(config)

    assert str(config.parent / "data") in found["ledger"]
    assert "spool" in found
    assert "routes" not in found


@pytest.mark.timeout(240)
def test_a_node_that_works_passes_in_time_and_the_command_says_what_it_looked_at(config, line):
    line.listen()
    line.route()
    line.work()
    line.deliver()
    until(line.parts.ledger.workers, 60)

    command = [sys.executable, "-m", "service", "check", "--config", str(config), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)

    found = {one["name"]: one for one in json.loads(told.stdout)}
    assert [name for name, one in found.items() if not one["ok"]] == ["destination pacs"], found
    assert told.returncode == 1
    assert found["phantom study"]["detail"].startswith("came through, its pixels are right")
