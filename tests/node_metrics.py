"""A node's metrics without the node: its ledger, and what is told of it, for tests."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from service.canary.figures import CanaryCollector
from service.checks import Check
from service.exposition import HereCollector, LedgerCollector, NodeCollector
from service.ledger.canary import CanaryRun
from service.metrics import Metrics

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
FINE = (Check("disk", ok=True, detail=""),)
CANARY = CanaryRun(
    "1.2", "schedule", "127.0.0.1", 1, MOMENT, MOMENT, MOMENT, runs=1, passed_at=MOMENT
)


def exposed(ledger, checks=FINE, *, is_reachable=True):
    """Return the registry of a console on that ledger."""
    registry = CollectorRegistry()
    own = Metrics(CollectorRegistry(), "1.2.3")
    registry.register(NodeCollector(ledger, own.families, lambda: is_reachable))
    registry.register(LedgerCollector(ledger, lambda: is_reachable))
    registry.register(HereCollector(lambda: checks, lambda: 42, (ledger.spool_usage,)))
    registry.register(CanaryCollector(lambda: CANARY))
    return registry


def kinds(registry):
    """Return the kind of each metric by its name as Prometheus stores it."""
    return {
        f"{one.name}_total" if one.type == "counter" else one.name: one.type
        for one in registry.collect()
    }


def labels_of(text):
    """Return the names of the labels of each series of a scrape, but ``le``."""
    return {
        sample.name: set(sample.labels) - {"le"}
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
