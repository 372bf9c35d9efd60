"""OpenTelemetry, which is an extra: nothing else imports it.

An exception leaves its type in a span and never its words, which may be a patient's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)

SERVICE = "senoscope"


@dataclass(frozen=True, slots=True)
class OtelSpans:
    """Gives spans to a tracer of OpenTelemetry."""

    tracer: Tracer

    @contextmanager
    def span(self, name: str, trace_id: str, **attributes: str | float) -> Iterator[None]:
        """Make a span of the block, below the one at hand if that is of the same trace."""
        with self.tracer.start_as_current_span(
            name,
            _context(trace_id),
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as made:
            try:
                yield
            except BaseException as error:
                made.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def past(
        self, name: str, trace_id: str, time_ns: tuple[int, int], **attributes: str | float
    ) -> None:
        """Make a span of what began and ended then."""
        began, ended = time_ns
        made = self.tracer.start_span(
            name, _context(trace_id), start_time=began, attributes=attributes
        )
        made.end(ended)


def spans_of(processor: SpanProcessor) -> OtelSpans:
    """Return what gives spans to `processor`."""
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(processor)
    return OtelSpans(provider.get_tracer(SERVICE))


def sent_to(endpoint: str) -> OtelSpans:
    """Return what sends spans to a collector, some seconds late and all at once."""
    return spans_of(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))


def _context(trace_id: str) -> Context | None:
    """Return what the next span is below: what is at hand, or the beginning of that trace."""
    number = int(trace_id, 16)
    if trace.get_current_span().get_span_context().trace_id == number:
        return None
    beginning = SpanContext(
        number, number & (1 << 64) - 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(NonRecordingSpan(beginning))
