"""Spans of a study's way, for who collects them by OpenTelemetry; nothing where nobody does.

All processes put them into one trace without telling each other: its id is `trail.trace_of`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from service.errors import BadConfigurationError
from service.trail import trace_of

Attribute = str | int | float
NS = 1_000_000_000


class Spans(Protocol):
    """Where spans go."""

    def span(
        self, name: str, trace_id: str, **attributes: Attribute
    ) -> AbstractContextManager[None]:
        """Return what makes a span of its block."""
        ...

    def past(
        self, name: str, trace_id: str, time_ns: tuple[int, int], **attributes: Attribute
    ) -> None:
        """Make a span of what began and ended at these nanoseconds since 1970."""


class _Collector:
    """Whom this process tells."""

    spans: Spans | None = None


def collect(endpoint: str) -> None:
    """Send this process's spans to a collector (OTLP over HTTP) from now on; to none if empty.

    Raises:
        BadConfigurationError: if the extra `otel` is not installed.
    """
    if not endpoint:
        return
    try:
        from service.otel import sent_to  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadConfigurationError(
            f"traces.endpoint: {error.name} is missing: pip install 'senoscope[otel]'"
        ) from error
    use(sent_to(endpoint))


def use(spans: Spans | None) -> None:
    """Let `spans` have this process's from now on; None: nobody."""
    _Collector.spans = spans


def span(
    name: str, study_instance_uid: str, **attributes: Attribute
) -> AbstractContextManager[None]:
    """Return what makes a span of its block in the trace of that study."""
    spans = _Collector.spans
    if spans is None:
        return nullcontext()
    return spans.span(name, trace_of(study_instance_uid), study=study_instance_uid, **attributes)


def past(
    name: str, study_instance_uid: str, time_ns: tuple[int, int], **attributes: Attribute
) -> None:
    """Make a span in the trace of that study of what began and ended then."""
    if _Collector.spans is not None:
        trace, study = trace_of(study_instance_uid), study_instance_uid
        _Collector.spans.past(name, trace, time_ns, study=study, **attributes)


@contextmanager
def used(spans: Spans) -> Iterator[None]:
    """Let `spans` have this process's for the time of the block."""
    before = _Collector.spans
    use(spans)
    try:
        yield
    finally:
        use(before)
