import httpx
import pytest

from service.checks import Check
from service.errors import BadConfigurationError
from service.http.app import make_app
from service.http.server import listen, serve_http
from service.metrics import LedgerCollector, Metrics


class Counted:
    def job_counts(self):
        return {("super-resolution", "done", 10): 3}

    def delivery_counts(self):
        return {("pacs", "owed"): 1}

    def study_counts(self):
        return {"receiving": 2}

    def skip_counts(self):
        return {("screening", "it is not greyscale"): 4}


@pytest.fixture
def served(registry):
    found = {
        "disk": Check("disk", ok=True, detail="room"),
        "broker": Check("broker", ok=True, detail="answers"),
    }
    app = make_app("1.2.3", registry, {name: (lambda n=name: found[n]) for name in found})
    server = serve_http(app, listen("127.0.0.1", 0))
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client, found
    server.stop()


def test_a_node_that_lives_says_so(served):
    client, _ = served

    assert client.get("/healthz").json() == {"status": "alive", "version": "1.2.3"}


def test_a_node_is_ready_only_while_every_check_holds_and_gives_each_reason(served):
    client, found = served

    assert client.get("/readyz").status_code == 200

    found["disk"] = Check("disk", ok=False, detail="full")
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"][0] == {"name": "disk", "ok": False, "detail": "full"}


def test_metrics_are_prometheus_text(served, registry):
    client, _ = served
    metrics = Metrics(registry, "1.2.3")
    registry.register(LedgerCollector(Counted(), spool_free_bytes=lambda: 42))
    metrics.received("MAMMO1", "MG", "kept")
    metrics.job_done("super-resolution", {"enlarge": 1.5})

    text = client.get("/metrics").text

    for line in [
        'senoscope_instances_received_total{calling_ae="MAMMO1",outcome="kept",sop_class="MG"} 1.0',
        'senoscope_jobs{pipeline="super-resolution",priority="10",state="done"} 3.0',
        'senoscope_deliveries{destination="pacs",state="owed"} 1.0',
        'senoscope_studies{state="receiving"} 2.0',
        'senoscope_images_skipped_total{reason="it is not greyscale",route="screening"} 4.0',
        "senoscope_spool_free_bytes 42.0",
        'senoscope_job_seconds_count{pipeline="super-resolution",stage="enlarge"} 1.0',
        'senoscope_build_info{version="1.2.3"} 1.0',
        "senoscope_config_reload_ok 1.0",
    ]:
        assert line in text


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(served):
    client, _ = served

    with pytest.raises(BadConfigurationError, match="SENOSCOPE_HTTP__PORT"):
        listen("127.0.0.1", client.base_url.port)
