"""What canaries say of the node, as Prometheus is told."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from service.ledger.canary import CanaryRun, Phase


@dataclass(frozen=True)
class CanaryCollector(Collector):
    """Reads the canary that ended last; there is nothing before the first."""

    last: Callable[[], CanaryRun | None]

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        run = self.last()
        return iter(()) if run is None else _of(run)


def _of(run: CanaryRun) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "senoscope_canary_success",
        "1 if the last phantom study came through the node, 0 if it failed.",
        int(not run.phase.is_failure),
    )
    if run.passed_at is not None:
        yield GaugeMetricFamily(
            "senoscope_canary_last_success_timestamp_seconds",
            "When the last phantom study came through, in seconds since 1970.",
            run.passed_at.timestamp(),
        )
    yield _by_phase(
        GaugeMetricFamily(
            "senoscope_canary_seconds", "Seconds of the last canary by phase.", labels=["phase"]
        ),
        run.seconds.items(),
    )
    yield _by_phase(
        CounterMetricFamily(
            "senoscope_canary_failures", "Canaries that failed, by phase.", labels=["phase"]
        ),
        ((str(one), run.failures.get(one, 0)) for one in Phase if one.is_failure),
    )
    yield CounterMetricFamily("senoscope_canary_runs", "Canaries that were sent.", value=run.runs)


def _by_phase(
    family: GaugeMetricFamily | CounterMetricFamily, figures: Iterable[tuple[str, float]]
) -> Metric:
    for phase, figure in figures:
        family.add_metric([phase], figure)
    return family
