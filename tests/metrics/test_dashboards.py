"""Dashboards: each question is one that Prometheus understands, of metrics that there are."""

import json
import re

import pytest
import yaml
from clock import now
from node_metrics import exposed, kinds
from promtool import PROJECT, alerts, promtool

from service.ledger.sql import open_ledger
from tools.dashboards.all import ALL, FOLDER

NAME = re.compile(r"\bsenoscope_\w+")
ENDINGS = re.compile(r"_(bucket|sum|count)$")


@pytest.fixture
def metrics(tmp_path):
    """The names of all metrics, as Prometheus stores them."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", now)
    yield set(kinds(exposed(ledger)))
    ledger.close()


def panels():
    return [panel for dashboard in ALL for panel in dashboard.json()["panels"]]


def queries():
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def asked(text, metrics):
    """Return the metrics that are asked for there; series of histograms by their metric."""
    names = NAME.findall(text)
    return {ENDINGS.sub("", name) if name not in metrics else name for name in names}


def test_dashboards_are_as_they_would_be_made_now():
    assert {path.name for path in FOLDER.glob("*.json")} == {f"{one.name}.json" for one in ALL}
    for dashboard in ALL:
        assert (FOLDER / f"{dashboard.name}.json").read_text() == dashboard.text()


@pytest.mark.parametrize("dashboard", ALL, ids=lambda one: one.name)
def test_every_panel_says_what_it_is_of_and_in_what_unit(dashboard):
    read = json.loads((FOLDER / f"{dashboard.name}.json").read_text())

    assert read["schemaVersion"] >= 39
    assert read["uid"] == f"senoscope-{dashboard.name}"
    assert len({panel["id"] for panel in read["panels"]}) == len(read["panels"])
    for panel in read["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24


def test_every_question_is_one_that_prometheus_understands(tmp_path):
    rules = [
        {"record": f"q:{number}", "expr": expr.replace("$__rate_interval", "5m")}
        for number, expr in enumerate(queries())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "questions", "rules": rules}]}))

    status, said = promtool("check", "rules", file)

    assert status == 0, said


def test_every_metric_that_is_asked_for_is_there(metrics):
    for text in [*queries(), *(rule["expr"] for rule in alerts())]:
        assert asked(text, metrics) <= metrics, text


def test_every_metric_is_looked_at_by_a_dashboard_or_a_rule(metrics):
    texts = [*queries(), *(rule["expr"] for rule in alerts())]

    assert metrics - set().union(*(asked(text, metrics) for text in texts)) == set()


def test_every_metric_that_a_runbook_or_a_page_names_is_there(metrics):
    for page in [*(PROJECT / "docs/runbooks").glob("*.md"), PROJECT / "docs/metrics.md"]:
        assert asked(page.read_text(), metrics) <= metrics, page.name
