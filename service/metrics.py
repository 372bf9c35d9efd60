"""Every metric that a process of the node counts or measures. No label holds anything of a patient.

What is counted here is added up in the ledger, by `service.teller` or with the job that it is of,
and what is measured is kept there for as long as the process lives: `service.exposition` gives
Prometheus the whole node's. A new metric needs no more than its line here, its deed, and its row
in docs/metrics.md; a gauge that several processes may measure needs one in `TOGETHER` too.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric

from service.sample import Sample

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
VIEWS = frozenset({"CC", "MLO", "ML", "LM", "LMO", "SIO", "FB", "XCC", "XCCL", "XCCM", "CV"})
"""Those that have a label of their own; others are ``other``: labels are bounded."""
CALLERS = 200
"""AE titles that have a label of their own in a process: who may call as anybody makes up many."""
DISTRUSTED = "senoscope_engine_distrusted"
"""Checks of the node ask for it too."""
COUNTED: Final = ("counter", "histogram")

TOGETHER: Mapping[str, Callable[[Collection[float]], float]] = {
    "senoscope_associations": sum,
    "senoscope_process_resident_bytes": sum,
    "senoscope_destination_up": min,
    "senoscope_notify_up": min,
    "senoscope_config_reload_ok": min,
}
"""What several processes measure is one number so; of all other gauges it is the greatest."""


class Metrics:
    """The metrics of one process, or of one job, registered in `registry`."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self.registry = registry
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
        self._images = Counter(
            "senoscope_images_total",
            "Mammograms that were kept, by what they show.",
            ["view", "laterality"],
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
        self._skipped = Counter(
            "senoscope_images_skipped_total",
            "Images that a route did not process; no route is an empty one.",
            ["route", "reason"],
            registry=registry,
        )
        self._job_seconds = Histogram(
            "senoscope_job_seconds",
            "Seconds per stage of the jobs that finished.",
            ["pipeline", "stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._engine_seconds = Histogram(
            "senoscope_engine_seconds",
            "Seconds that a network took for one answer: a batch, or all the windows of an image.",
            ["engine", "backend"],
            buckets=QUICK,
            registry=registry,
        )
        self._finding_score = Histogram(
            "senoscope_finding_score",
            "Probabilities that a classifier gave to what was found.",
            ["model"],
            buckets=TENTHS,
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
        self._engine_distrusted = Gauge(
            DISTRUSTED,
            "1 for a back end that computed wrongly where a worker opened a network by another.",
            ["host", "device", "engine", "backend"],
            registry=registry,
        )
        self._gpu_memory = Gauge(
            "senoscope_gpu_memory_bytes",
            "Memory of the GPUs that workers compute on.",
            ["host", "device", "state"],
            registry=registry,
        )
        self._resident = Gauge(
            "senoscope_process_resident_bytes",
            "Memory that the processes of the node hold.",
            ["host", "roles"],
            registry=registry,
        )
        self._removed = Counter(
            "senoscope_spool_removed_total",
            "Files of images and results that were removed when they were done with, by why.",
            ["reason"],
            registry=registry,
        )
        self._build_info = Gauge(
            "senoscope_build_info", "The versions that run.", ["version"], registry=registry
        )
        self._callers: set[str] = set()
        self._associations.labels("open").set(0)
        self._reload_ok.set(1)
        self._build_info.labels(version).set(1)

    def received(self, calling_ae: str, sop_class: str, outcome: str) -> None:
        """Count an instance; `outcome` is ``kept``, ``known``, ``version`` or ``refused``."""
        if len(self._callers) < CALLERS:
            self._callers.add(calling_ae)
        caller = calling_ae if calling_ae in self._callers else "other"
        self._instances_received.labels(caller, sop_class, outcome).inc()

    def received_bytes(self, size: int) -> None:
        """Count `size` bytes that were answered Success."""
        self._received_bytes.inc(size)

    def image(self, word: str) -> None:
        """Count a mammogram that was kept; `word` is of `service.ledger.views`, as ``RMLO``."""
        position = word[1:].partition("+")[0]
        self._images.labels(position if position in VIEWS else "other", word[0]).inc()

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

    def engine_answered(self, engine: str, backend: str, seconds: float) -> None:
        """Note how long a network took."""
        self._engine_seconds.labels(engine, backend).observe(seconds)

    def finding(self, model: str, probability: float) -> None:
        """Note what a classifier said of a finding."""
        self._finding_score.labels(model).observe(probability)

    def turnaround(self, route: str, seconds: float) -> None:
        """Note how long a study took, last image in to last result out."""
        self._turnaround_seconds.labels(route).observe(seconds)

    def removed(self, reason: str, files: int) -> None:
        """Count files that were removed: for their ``age``, or before it for want of ``room``."""
        self._removed.labels(reason).inc(files)

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

    def engine_distrusted(self, host: str, device: str, engine: str, backend: str) -> None:
        """Tell that this back end computes wrongly, and is not used."""
        self._engine_distrusted.labels(host, device, engine, backend).set(1)

    def gpu_memory(self, host: str, device: str, used: int, free: int) -> None:
        """Tell how many bytes of a GPU are taken, by whomever, and how many are not."""
        self._gpu_memory.labels(host, device, "used").set(used)
        self._gpu_memory.labels(host, device, "free").set(free)

    def resident(self, host: str, roles: str, size: int) -> None:
        """Tell how many bytes of memory this process, which does all of `roles`, holds."""
        self._resident.labels(host, roles).set(size)

    def families(self) -> list[Metric]:
        """Return all that there is, whether it was counted yet or not, and how it stands."""
        return list(self.registry.collect())

    def counted(self) -> list[Sample]:
        """Return what was counted since this was made."""
        return [
            Sample(name, labels, value)
            for family in self.families()
            if family.type in COUNTED
            for name, labels, value in _series(family)
            if value or family.type == "histogram"  # one without its lower bounds is none
        ]

    def measured(self) -> list[Sample]:
        """Return what is measured now."""
        return [
            Sample(*series)
            for family in self.families()
            if family.type not in COUNTED
            for series in _series(family)
        ]


def new_sheet() -> Metrics:
    """Return metrics on which nothing is counted yet: of one job, or of one study."""
    return Metrics(CollectorRegistry(), "")


def turnaround(route: str, seconds: float) -> list[Sample]:
    """Return what is counted of a study that took so long."""
    sheet = new_sheet()
    sheet.turnaround(route, seconds)
    return sheet.counted()


def _series(family: Metric) -> Iterator[tuple[str, tuple[tuple[str, str], ...], float]]:
    for name, labels, value, *_ in family.samples:
        if not name.endswith("_created"):
            yield name, tuple(sorted(labels.items())), value
