"""What Prometheus is told: the whole node's metrics, as the ledger has them, and this process's."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from service.checks import Check
from service.errors import UnavailableError
from service.ledger.ages import Waits
from service.ledger.asked.workers import Workers
from service.ledger.counting import Counting
from service.metrics import COUNTED, TOGETHER
from service.sample import Sample

Labels = tuple[str, ...]
Key = TypeVar("Key", bound=Labels | str)
ENDINGS = ("", "_total", "_bucket", "_sum", "_count")
"""What stands behind a family's name in those of its series."""


class Counts(Protocol):
    """How much there is of everything."""

    def job_counts(self) -> Mapping[tuple[str, str, int], int]:
        """Return jobs by (pipeline, state, priority)."""
        ...

    def delivery_counts(self) -> Mapping[tuple[str, str], int]:
        """Return deliveries by (destination, state)."""
        ...

    def study_counts(self) -> Mapping[str, int]:
        """Return studies by state."""
        ...


class Books(Counts, Counting, Waits, Workers, Protocol):
    """What is asked of the ledger."""


@dataclass(frozen=True)
class NodeCollector(Collector):
    """What all processes of the node counted, and those that live measured."""

    ledger: Counting
    families: Callable[[], Iterable[Metric]]
    """All that there are, as `service.metrics` has them in any process."""
    is_reachable: Callable[[], bool]
    """Tells whether the ledger answered when it was last asked: nobody waits for it otherwise."""

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield each family, those that nothing is known of without series."""
        known = defaultdict[str, list[Sample]](list)
        with suppress(UnavailableError):
            if self.is_reachable():
                for sample in [*self.ledger.counted(), *_measured(self.ledger)]:
                    known[sample.name].append(sample)
        for family in self.families():
            yield _filled(family, [one for end in ENDINGS for one in known[family.name + end]])


@dataclass(frozen=True)
class LedgerCollector(Collector):
    """How much the ledger holds, and how long what is not done has waited."""

    ledger: Books
    is_reachable: Callable[[], bool]

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now, as long as the ledger can be read."""
        with suppress(UnavailableError):
            if self.is_reachable():
                yield from self._amounts()
                yield from self._ages()
                yield from self._presence()

    def _amounts(self) -> Iterator[Metric]:
        yield _gauge(
            "senoscope_jobs",
            "Jobs in the ledger.",
            ("pipeline", "state", "priority"),
            {(p, state, str(lane)): n for (p, state, lane), n in self.ledger.job_counts().items()},
        )
        yield _gauge(
            "senoscope_deliveries",
            "Deliveries in the ledger.",
            ("destination", "state"),
            self.ledger.delivery_counts(),
        )
        yield _gauge("senoscope_studies", "Studies kept.", ("state",), self.ledger.study_counts())

    def _ages(self) -> Iterator[Metric]:
        ages = self.ledger.ages()
        yield _gauge(
            "senoscope_oldest_study_seconds",
            "How long the oldest image has waited that is not judged.",
            (),
            {(): ages.study},
        )
        yield _gauge(
            "senoscope_oldest_job_seconds",
            "How long the oldest job has been due, or has run.",
            ("state",),
            ages.jobs,
        )
        yield _gauge(
            "senoscope_oldest_delivery_seconds",
            "How long the oldest delivery has been owed.",
            ("destination",),
            ages.deliveries,
        )

    def _presence(self) -> Iterator[Metric]:
        workers = defaultdict[tuple[str, str], int](int)
        for one in self.ledger.workers():
            workers[one.owner.partition(":")[0], one.device] += 1
        yield _gauge(
            "senoscope_workers",
            "Workers with their engines open that were seen in the last 30 s.",
            ("host", "device"),
            workers,
        )
        roles = defaultdict[str, int](int)
        for process in self.ledger.processes():
            for role in process.roles:
                roles[role] += 1
        yield _gauge(
            "senoscope_processes",
            "Processes of the node that were seen in the last 30 s, by what they do.",
            ("role",),
            roles,
        )


@dataclass(frozen=True)
class HereCollector(Collector):
    """What this process finds: is all there that the node needs, and how full is the spool."""

    checks: Callable[[], Sequence[Check]]
    """What was found when it was last looked."""
    spool_free_bytes: Callable[[], int]
    usages: tuple[Callable[[], Mapping[str, tuple[int, int]]], ...]
    """Each gives files and bytes by kind."""

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield what can be read now."""
        yield _gauge(
            "senoscope_ready",
            "1 if that check of /readyz holds, 0 if it does not.",
            ("check",),
            {check.name: int(check.ok) for check in self.checks()},
        )
        with suppress(UnavailableError):
            free = self.spool_free_bytes()
            yield _gauge("senoscope_spool_free_bytes", "Free on the spool's disk.", (), {(): free})
        counts: dict[str, tuple[int, int]] = {}
        for usage in self.usages:
            with suppress(UnavailableError):
                counts |= usage()
        files = {kind: number for kind, (number, _) in counts.items()}
        sizes = {kind: size for kind, (_, size) in counts.items()}
        yield _gauge("senoscope_spool_files", "Files in the spool.", ("kind",), files)
        yield _gauge("senoscope_spool_bytes", "Bytes of them.", ("kind",), sizes)


def _measured(ledger: Counting) -> Iterator[Sample]:
    """Yield what the processes that live measure, as one number for each series."""
    found = defaultdict[tuple[str, tuple[tuple[str, str], ...]], list[float]](list)
    for process in ledger.processes():
        for one in process.measures:
            found[one.name, one.labels].append(one.value)
    for (name, labels), values in found.items():
        yield Sample(name, labels, TOGETHER.get(name, max)(values))


def _filled(family: Metric, samples: Iterable[Sample]) -> Metric:
    """Return `family` with these series; what has no labels is 0 until it is counted."""
    filled = Metric(family.name, family.documentation, family.type)
    known = {(one.name, one.labels): one.value for one in samples}
    if family.type in COUNTED:
        zeros = {(s.name, tuple(sorted(s.labels.items()))): 0.0 for s in family.samples}
        known = {key: 0.0 for key in zeros if not _label_names(key)} | known
    for name, labels in sorted(known, key=_order):
        filled.add_sample(name, dict(labels), known[name, labels])
    return filled


def _label_names(key: tuple[str, tuple[tuple[str, str], ...]]) -> set[str]:
    return {name for name, _ in key[1]} - {"le"}


def _order(key: tuple[str, tuple[tuple[str, str], ...]]) -> tuple[object, ...]:
    """Return what sorts series as Prometheus wants them: those of a histogram by their bounds."""
    name, labels = key
    bound = float(dict(labels).get("le", "inf"))
    others = tuple(one for one in labels if one[0] != "le")
    return others, bound, name


def _gauge(
    name: str,
    told: str,
    labels: Labels,
    values: Mapping[Key, float],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=labels)
    for key, value in values.items():
        family.add_metric([key] if isinstance(key, str) else list(key), value)
    return family
