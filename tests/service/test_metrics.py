import re
from pathlib import Path

from service.ledger.sql import open_ledger
from service.metrics import LedgerCollector, Metrics, SpoolCollector

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| `(senoscope_\w+)` \| (\w+) \|", re.MULTILINE)


def declared(registry):
    """Return the kind of each metric by its name as Prometheus stores it."""
    return {
        f"{one.name}_total" if one.type == "counter" else one.name: one.type
        for one in registry.collect()
    }


def test_every_metric_is_in_the_documentation_and_no_other(registry, tmp_path, clock):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", clock)
    Metrics(registry, "1.2.3")
    registry.register(LedgerCollector(ledger, spool_free_bytes=lambda: 42))
    registry.register(SpoolCollector((ledger.spool_usage,)))

    documented = dict(ROW.findall((DOCS / "metrics.md").read_text()))

    assert documented == declared(registry)
    ledger.close()
