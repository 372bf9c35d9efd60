"""Alerts: each is one that Prometheus takes, fires when it should, is over, and has a page."""

import re

import pytest
import yaml
from alert_series import CASES
from faults.seen import FAULTS
from peers.prometheus import SHIPPED
from promtool import PROJECT, alerts, promtool

WORDS = ("## What it means", "## What is noticed", "## Look", "## Mend", "## It is over when")
SEVERITIES = {"critical", "warning", "info"}


def written(folder, case):
    """Write what promtool is to test: before it fires it does not, then it does, then not."""
    labels = {"alertname": case.alert, "alertstate": "firing", "severity": case.severity}
    told = ",".join(f'{name}="{one}"' for name, one in (labels | case.labels).items())
    firing = [{"labels": f"ALERTS{{{told}}}", "value": 1}]
    expr = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    test = {
        "interval": f"{case.step}m",
        "input_series": [{"series": s, "values": values} for s, values in case.series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples}
            for minute, samples in ((case.step, []), (case.fires, firing), (case.over, []))
        ],
    }
    rules, file = folder / f"{case.alert}.rules.yml", folder / f"{case.alert}.yml"
    alone = [rule for rule in alerts() if rule["alert"] == case.alert]
    rules.write_text(yaml.safe_dump({"groups": [{"name": case.alert, "rules": alone}]}))
    every = {"rule_files": [rules.name], "evaluation_interval": test["interval"], "tests": [test]}
    file.write_text(yaml.safe_dump(every))
    return file


def test_prometheus_takes_the_configuration_and_the_rules():
    status, said = promtool("check", "config", SHIPPED / "prometheus.yml")

    assert status == 0, said
    assert f"{len(alerts())} rules found" in said


def test_each_alert_fires_when_it_should_and_is_over_when_the_cause_is_gone(tmp_path):
    files = [written(tmp_path, case) for case in CASES]

    status, said = promtool("test", "rules", *files)

    assert status == 0, said
    assert {case.alert for case in CASES} == {rule["alert"] for rule in alerts()}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_each_alert_says_how_bad_it_is_what_it_is_and_where_its_page_is(rule):
    notes = rule["annotations"]
    page = PROJECT / notes["runbook_url"]

    assert rule["labels"]["severity"] in SEVERITIES
    assert notes["summary"]
    assert notes["description"].endswith(".")
    assert page == PROJECT / f"docs/runbooks/{rule['alert']}.md"
    text = page.read_text()
    assert text.startswith(f"# {rule['alert']}\n")
    assert re.findall(r"^## .*$", text, re.MULTILINE) == [*WORDS]


def test_each_runbook_is_of_an_alert_and_all_are_listed():
    pages = {page.stem for page in (PROJECT / "docs/runbooks").glob("*.md")} - {"index"}
    listed = re.findall(r"\]\((\w+)\.md\)", (PROJECT / "docs/runbooks/index.md").read_text())

    assert pages == {rule["alert"] for rule in alerts()}
    assert sorted(listed) == sorted(pages)


def test_the_page_of_what_was_seen_has_every_fault_that_the_campaign_breaks():
    page = (PROJECT / "docs/faults-seen.md").read_text()

    told = re.findall(r"^\| ([^|]+) \| `(.+?)` \| \[(\w+)\]", page, re.MULTILINE)

    assert told == [(one.name, one.series, one.alert) for one in FAULTS]
