"""All processes of a node put what they do with a study into one trace; without the extra, none."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from node import Node
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from peers.programs import until

from service.otel import spans_of
from service.tracing import past, span, used
from service.trail import trace_of

STAGES = {"association", "receive", "route", "job", "read", "enlarge", "store", "delivery"}


class Collector(ThreadingHTTPServer):
    """Takes spans as OTLP over HTTP, as every collector does."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def of_trace(self, trace: str) -> list[Any]:
        return [one for one in self.spans if one.trace_id.hex() == trace]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        told = ExportTraceServiceRequest.FromString(content)
        self.server.spans += [
            one for of in told.resource_spans for scope in of.scope_spans for one in scope.spans
        ]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_one_trace_has_the_way_of_a_study_through_all_processes(tmp_path, storescp, collector):
    endpoint = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    traces = f'[traces]\nendpoint = "{endpoint}"\n'
    node = Node(tmp_path, storescp.port, extra=traces, canary_s=1)
    node.start()
    try:
        ledger = node.ledger()
        until(lambda: (run := ledger.last_canary()) and run.passed_at, 90, why=node.log.read_text)
        trace = trace_of(ledger.last_canary().study_instance_uid)
        until(lambda: names(collector, trace) >= STAGES, 30, why=lambda: names(collector, trace))
        ledger.close()
    finally:
        node.stop()

    spans = {one.name: one for one in collector.of_trace(trace)}
    assert spans["read"].parent_span_id == spans["job"].span_id
    began = [spans[name].start_time_unix_nano for name in ("association", "job", "delivery")]
    assert began == sorted(began)


def names(collector: Collector, trace: str) -> set[str]:
    return {one.name for one in collector.of_trace(trace)}


def test_what_goes_wrong_leaves_its_kind_in_a_span_and_not_its_words():
    kept = InMemorySpanExporter()

    with (
        used(spans_of(SimpleSpanProcessor(kept))),
        pytest.raises(ValueError, match="QUELLMALZ"),
        span("job", "1.2.3", pipeline="cad"),
    ):
        raise ValueError("QUELLMALZ^XANTHIPPE")

    (made,) = kept.get_finished_spans()
    assert made.status.description == "ValueError"
    assert "QUELLMALZ" not in made.to_json()
    assert f"{made.context.trace_id:032x}" == trace_of("1.2.3")


def test_spans_of_one_study_are_of_one_trace_and_those_of_another_are_not():
    kept = InMemorySpanExporter()

    with used(spans_of(SimpleSpanProcessor(kept))):
        past("route", "1.2.3", (1, 2))
        with span("job", "1.2.3"), span("read", "1.2.3"), span("read", "1.2.4"):
            pass

    of_study = [one.attributes["study"] for one in kept.get_finished_spans()]
    traces = [one.context.trace_id for one in kept.get_finished_spans()]
    assert sorted(zip(of_study, traces, strict=True)) == sorted(
        (study, int(trace_of(study), 16)) for study in of_study
    )


def test_without_a_collector_nothing_of_opentelemetry_is_imported():
    code = "import sys, service.wiring, service.celery_worker; print(*sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "opentelemetry.sdk" not in told.stdout.split()
