"""A Prometheus with the configuration that is shipped, looking at nodes of the tests."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from peers.programs import HOST, Server, program
from service.demo.orthanc import free_port

SHIPPED = Path(__file__).parents[2] / "deploy/prometheus"


class Prometheus:
    """A Prometheus on a free port of the loopback interface that asks every second."""

    def __init__(self, folder: Path, *targets: str, patience: str = "") -> None:
        """Alerts wait as long as is shipped, or for `patience`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        read = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
        read["global"] = {
            "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"
        }  # fmt: skip
        read["rule_files"] = [str(rules) for rules in _rules(folder, patience)]
        for job in read["scrape_configs"]:
            is_node = job["job_name"] == "senoscope"
            job["static_configs"] = [{"targets": [*targets] if is_node else [self.address]}]
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(read))
        command: list[str | Path] = [program("prometheus", "prometheus")]
        command += [f"--config.file={config}", f"--storage.tsdb.path={folder / 'series'}"]
        command += [f"--web.listen-address={self.address}", "--log.level=warn"]
        self.server = Server(command, self.port, folder / "prometheus.log")

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def asked(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """Return the series that answer, each by its labels."""
        found = self._read(f"query?query={urllib.parse.quote(expr)}")["result"]
        if found and not isinstance(found[0], dict):
            return [({}, float(found[1]))]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def value(self, expr: str) -> float | None:
        """Return the value of the one series that answers; None if none does."""
        found = self.asked(expr)
        assert len(found) <= 1, found
        return found[0][1] if found else None

    def firing(self) -> set[str]:
        """Return the alerts that fire."""
        return {
            one["labels"]["alertname"]
            for one in self._read("alerts")["alerts"]
            if one["state"] == "firing"
        }

    def is_up(self) -> bool:
        """Return whether it was told anything by the node lately."""
        return self.value('max(up{job="senoscope"})') == 1

    def _read(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{self.address}/api/v1/{path}", timeout=10) as told:
            return json.load(told)["data"]


def _rules(folder: Path, patience: str) -> list[Path]:
    shipped = sorted((SHIPPED / "rules").glob("*.yml"))
    if not patience:
        return shipped
    for path in shipped:
        text = re.sub(r"^(\s+for:) \w+$", rf"\1 {patience}", path.read_text(), flags=re.MULTILINE)
        (folder / path.name).write_text(text)
    return [folder / path.name for path in shipped]
