import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from service.checks import Check, run_checks
from service.errors import BadConfigurationError
from service.http.app import make_app
from service.http.server import MOST_SILENT, listen, serve_http
from service.metrics import Metrics


@contextmanager
def opened(client: httpx.Client, count: int) -> Iterator[Sequence[socket.socket]]:
    """Open so many connections on which nothing is asked yet."""
    where = client.base_url.host, client.base_url.port
    with ExitStack() as held:
        yield [
            held.enter_context(socket.create_connection(where, timeout=30)) for _ in range(count)
        ]


async def refuse() -> str:  # before the body is read
    return "no"


@pytest.fixture
def served(registry):
    found = {
        "disk": Check("disk", ok=True, detail="room"),
        "broker": Check("broker", ok=True, detail="answers"),
    }
    checks = {name: (lambda n=name: found[n]) for name in found}
    app = make_app("1.2.3", registry, lambda: run_checks(checks))
    app.post("/refuse")(refuse)
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


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_head_is_answered_as_get_without_a_body(served, path):
    client, _ = served

    head, whole = client.head(path), client.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert client.get(path).status_code == 200  # the connection goes on


def test_head_of_a_node_that_is_not_ready_says_so(served):
    client, found = served
    found["disk"] = Check("disk", ok=False, detail="full")

    assert client.head("/readyz").status_code == 503


def test_metrics_are_prometheus_text(served, registry):
    client, _ = served
    metrics = Metrics(registry, "1.2.3")
    metrics.received("MAMMO1", "MG", "kept")
    metrics.job_done("super-resolution", {"enlarge": 1.5})

    text = client.get("/metrics").text

    for line in [
        'senoscope_instances_received_total{calling_ae="MAMMO1",outcome="kept",sop_class="MG"} 1.0',
        'senoscope_job_seconds_count{pipeline="super-resolution",stage="enlarge"} 1.0',
        'senoscope_build_info{version="1.2.3"} 1.0',
        "senoscope_config_reload_ok 1.0",
    ]:
        assert line in text


def test_silent_connections_keep_nobody_out_and_of_too_many_the_first_make_way(served):
    client, _ = served
    with opened(client, MOST_SILENT + 20) as silent:
        assert client.get("/healthz").status_code == 200
        assert [one.recv(1) for one in silent[:20]] == [b""] * 20
        silent[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert silent[-1].recv(100).startswith(b"HTTP/1.1 200")


def test_as_many_as_may_be_silent_are_answered_at_once(served):
    client, _ = served
    with opened(client, MOST_SILENT) as asking:
        for one in asking:
            one.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")

        assert {one.recv(12) for one in asking} == {b"HTTP/1.1 200"}


def test_a_body_that_is_no_http_is_answered_400_and_no_fault_of_ours(served, caplog):
    client, _ = served
    with opened(client, 1) as (peer,):
        start = b"POST /refuse HTTP/1.1\r\nHost: x\r\n"
        peer.sendall(start + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n")

        assert peer.recv(12) == b"HTTP/1.1 400"
    assert client.post("/refuse").json() == "no"
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


def test_the_body_of_an_answer_does_not_wait_until_its_header_is_acknowledged():
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(served):
    client, _ = served

    with pytest.raises(BadConfigurationError, match="SENOSCOPE_HTTP__PORT"):
        listen("127.0.0.1", client.base_url.port)
