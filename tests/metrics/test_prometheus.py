"""A real Prometheus, set up as it is shipped, looks at a node that works."""

from functools import partial

import pytest
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from peers.prometheus import Prometheus
from phantoms import saved, study
from promtool import promtool

from tools.dashboards.all import ALL

QUIET = {"SenoscopeDown", "SenoscopeLedgerDown", "SenoscopeRoutesRefused", "SenoscopeDiskFull"}


@pytest.fixture
def node(tmp_path, storescp):
    """A node that is up, its PACS and its Prometheus."""
    started = Node(tmp_path / "node", storescp.port)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def prometheus(tmp_path, node):
    started = Prometheus(tmp_path / "prometheus", f"127.0.0.1:{node.http_port}")
    started.start()
    yield started
    started.stop()


@pytest.mark.timeout(600)
def test_prometheus_is_told_what_was_sent_and_what_became_of_it(tmp_path, node, prometheus):
    until(lambda: node.answers("/readyz"), 200, 0.5, node.log.read_text)
    views = [saved(image, tmp_path) for image in study(rows=256, columns=208)]
    assert storescu(views, node.port).returncode == 0

    def through():
        return prometheus.value("senoscope_turnaround_seconds_count") == 1

    until(through, 240, 0.5, lambda: (node.log.read_text(), node.get("/metrics")))

    assert prometheus.value('up{job="senoscope"}') == 1
    for expr, expected in {
        'sum(senoscope_instances_received_total{outcome="kept"})': 4,
        "sum(senoscope_images_total)": 4,
        'senoscope_images_total{view="MLO",laterality="R"}': 1,
        'senoscope_jobs{state="done",pipeline="super-resolution"}': 4,
        'senoscope_job_seconds_count{stage="enlarge"}': 4,
        "sum(senoscope_engine_seconds_count)": 4,
        'senoscope_deliveries{destination="pacs",state="sent"}': 8,
        "senoscope_destination_up": 1,
        "senoscope_config_reload_ok": 1,
        "sum(senoscope_workers)": 1,
        'senoscope_processes{role="listener"}': 1,
        'senoscope_processes{role="worker"}': 1,
        "min(senoscope_ready)": 1,
        "senoscope_oldest_study_seconds": 0,
        'senoscope_spool_files{kind="quarantine"}': 0,
    }.items():
        until(partial(_is, prometheus, expr, expected), 60, 1, partial(_said, prometheus, expr))
    assert prometheus.value('senoscope_process_resident_bytes{roles=~".*listener.*"}') > 30e6
    assert not prometheus.firing() & QUIET
    status, said = promtool("check", "metrics", given=node.get("/metrics"))
    assert (status, said) == (0, "")
    for dashboard in ALL:
        for panel in dashboard.json()["panels"]:
            for target in panel["targets"]:
                expr = target["expr"].replace("$__rate_interval", "1m")
                prometheus.asked(expr.replace("$destination", "pacs"))


def _is(prometheus, expr, expected):
    return prometheus.value(expr) == expected


def _said(prometheus, expr):
    return f"{expr} is {prometheus.value(expr)}"
