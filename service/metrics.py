"""Every metric of the node, in one table. No label holds anything of a patient."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from service.errors import UnavailableError

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Metrics:
    """The node's metrics, registered in `registry`."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self._instances_received = Counter(
            "senoscope_instances_received_total",
            "Instances that senders handed in, by what became of them.",
            ["calling_ae", "sop_class", "outcome"],
            registry=registry,
        )
        self._received_bytes = Counter(
            "senoscope_received_bytes_total",
            "Bytes of the data sets that were answered Success.",
            registry=registry,
        )
        self._associations = Gauge(
            "senoscope_associations", "Associations now.", ["state"], registry=registry
        )
        self._associations_refused = Counter(
            "senoscope_associations_refused_total",
            "Connections and associations that were turned away, by why.",
            ["reason"],
            registry=registry,
        )
        self._job_seconds = Histogram(
            "senoscope_job_seconds",
            "Seconds per stage of the jobs that finished.",
            ["pipeline", "stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._turnaround_seconds = Histogram(
            "senoscope_turnaround_seconds",
            "Last image received to last result acknowledged.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._reload_ok = Gauge(
            "senoscope_config_reload_ok",
            "1 if the routes in force are those on the disk, 0 if the file there was refused.",
            registry=registry,
        )
        self._destination_up = Gauge(
            "senoscope_destination_up",
            "1 if what is owed there is sent, 0 if it could not be reached several times in a row.",
            ["destination"],
            registry=registry,
        )
        self._notifications = Counter(
            "senoscope_notifications_total",
            "Messages to people that a channel tried to send, by what became of them.",
            ["channel", "outcome"],
            registry=registry,
        )
        self._notify_up = Gauge(
            "senoscope_notify_up",
            "1 if the last message by that channel arrived, 0 if people cannot be told by it.",
            ["channel"],
            registry=registry,
        )
        self._build_info = Gauge(
            "senoscope_build_info", "The version that runs.", ["version"], registry=registry
        )
        self._associations.labels("open").set(0)
        self._reload_ok.set(1)
        self._build_info.labels(version).set(1)

    def received(self, calling_ae: str, sop_class: str, outcome: str) -> None:
        """Count an instance; `outcome` is ``kept``, ``known``, ``version`` or ``refused``."""
        self._instances_received.labels(calling_ae, sop_class, outcome).inc()

    def received_bytes(self, size: int) -> None:
        """Count `size` bytes that were answered Success."""
        self._received_bytes.inc(size)

    def associations(self, open_now: int) -> None:
        """Tell how many associations there are now."""
        self._associations.labels("open").set(open_now)

    def association_refused(self, reason: str) -> None:
        """Count a connection or an association that was turned away."""
        self._associations_refused.labels(reason).inc()

    def job_done(self, pipeline: str, stages: Mapping[str, float]) -> None:
        """Note how long each stage took."""
        for stage, seconds in stages.items():
            self._job_seconds.labels(pipeline, stage).observe(seconds)

    def turnaround(self, route: str, seconds: float) -> None:
        """Note how long a study took, last image in to last result out."""
        self._turnaround_seconds.labels(route).observe(seconds)

    def destination_up(self, destination: str, up: bool) -> None:  # noqa: FBT001 - a gauge
        """Tell whether that destination can be reached."""
        self._destination_up.labels(destination).set(int(up))

    def notified(self, channel: str, arrived: bool) -> None:  # noqa: FBT001 - a gauge
        """Count a message to people, and tell whether that channel is up."""
        self._notifications.labels(channel, "sent" if arrived else "failed").inc()
        self._notify_up.labels(channel).set(int(arrived))

    def reload_ok(self, ok: bool) -> None:  # noqa: FBT001 - a gauge of yes and no
        """Tell whether the routes on the disk are in force."""
        self._reload_ok.set(int(ok))


@dataclass(frozen=True)
class LedgerCollector(Collector):
    """What is read from the ledger and the disk when it is asked for; it survives a restart."""

    counts: "Counts"
    spool_free_bytes: Callable[[], int]

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now; those of the ledger only while it can be read."""
        yield GaugeMetricFamily(
            "senoscope_spool_free_bytes", "Free on the spool's disk.", self.spool_free_bytes()
        )
        with suppress(UnavailableError):
            yield from self._of_the_ledger()

    def _of_the_ledger(self) -> Iterator[Metric]:
        yield _filled(
            GaugeMetricFamily(
                "senoscope_jobs", "Jobs in the ledger.", labels=["pipeline", "state", "priority"]
            ),
            [
                ((p, state, str(lane)), n)
                for (p, state, lane), n in self.counts.job_counts().items()
            ],
        )
        yield _filled(
            GaugeMetricFamily(
                "senoscope_deliveries", "Deliveries in the ledger.", labels=["destination", "state"]
            ),
            self.counts.delivery_counts().items(),
        )
        yield _filled(
            GaugeMetricFamily("senoscope_studies", "Studies kept.", labels=["state"]),
            [((state,), n) for state, n in self.counts.study_counts().items()],
        )
        yield _filled(
            CounterMetricFamily(
                "senoscope_images_skipped",
                "Images that a route did not process; no route is an empty one.",
                labels=["route", "reason"],
            ),
            self.counts.skip_counts().items(),
        )


@dataclass(frozen=True)
class SpoolCollector(Collector):
    """What lies in the spool, read when it is asked for."""

    usages: tuple[Callable[[], Mapping[str, tuple[int, int]]], ...]
    """Each gives files and bytes by kind."""

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield files and bytes of each kind that can be read now."""
        counts: dict[str, tuple[int, int]] = {}
        for usage in self.usages:
            with suppress(UnavailableError):
                counts |= usage()
        yield _filled(
            GaugeMetricFamily("senoscope_spool_files", "Files in the spool.", labels=["kind"]),
            [((kind,), files) for kind, (files, _) in counts.items()],
        )
        yield _filled(
            GaugeMetricFamily("senoscope_spool_bytes", "Bytes of them.", labels=["kind"]),
            [((kind,), size) for kind, (_, size) in counts.items()],
        )


class Counts(Protocol):
    """What the ledger counts."""

    def job_counts(self) -> Mapping[tuple[str, str, int], int]:
        """Return jobs by (pipeline, state, priority)."""
        ...

    def delivery_counts(self) -> Mapping[tuple[str, str], int]:
        """Return deliveries by (destination, state)."""
        ...

    def study_counts(self) -> Mapping[str, int]:
        """Return studies by state."""
        ...

    def skip_counts(self) -> Mapping[tuple[str, str], int]:
        """Return images that were not taken, by (route, reason)."""
        ...


Family = TypeVar("Family", GaugeMetricFamily, CounterMetricFamily)


def _filled(family: Family, counts: Iterable[tuple[tuple[str, ...], int]]) -> Family:
    for labels, count in counts:
        family.add_metric(list(labels), count)
    return family
