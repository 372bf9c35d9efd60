"""`senoscope worker`, as it is started on a host of its own."""

import json
import subprocess
import sys

from peers.programs import until


def test_a_worker_takes_its_devices_from_the_settings_and_logs_for_machines(tmp_path):
    config, log = tmp_path / "senoscope.toml", tmp_path / "worker.log"
    config.write_text('data_dir = "data"\n[worker]\ndevices = ["cuda:7"]\n')
    command = [sys.executable, "-m", "service", "worker", "--config", config]

    with log.open("wb") as out, subprocess.Popen(command, stderr=out) as worker:
        until(lambda: "not ready" in log.read_text() or worker.poll() is not None)
        worker.terminate()

    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert any("no device 'cuda:7'" in one["event"] for one in told)
