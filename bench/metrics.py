"""How long `/metrics` takes with much in the ledger.

    python bench/metrics.py [--studies 100000] [--quick]

It fills a ledger of its own, in SQLite, and asks as Prometheus does, first when nothing is
remembered.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from support.filled import fill
from support.results import begun, table

from service.checks import Check
from service.exposition import HereCollector, LedgerCollector, NodeCollector
from service.ledger.sql import SqlLedger, open_ledger
from service.metrics import Metrics
from service.teller import Teller

NOW = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
FULL, QUICK = 100_000, 2_000
ROUTES, AE_TITLES, NETWORKS = 20, 20, 10
TIMES = 7
SERIES = 0.25


def main() -> None:
    """Print the median of some tries for each part of it, and for all; write them too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=FULL)
    parser.add_argument("--quick", dest="studies", action="store_const", const=QUICK)
    count = parser.parse_args().studies
    title = f"`/metrics` with {count:,} studies in the ledger"
    run = begun("metrics", title, "python bench/metrics.py", whole=count == FULL)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}", lambda: NOW)
        fill(ledger, count)
        tell(ledger)
        for name, collectors in parts(ledger).items():
            registry = CollectorRegistry()
            for collector in collectors:
                registry.register(collector)
            text = generate_latest(registry)
            lines = text.count(b"senoscope_")
            rows.append({"part": name, "ms": _median_ms(registry), "lines": lines})
        ledger.close()
    of = f"{ROUTES} routes, {AE_TITLES} AE titles, {NETWORKS} networks"
    figures = {f"{title}, one question of Prometheus": f"{rows[2]['ms']:.0f} ms"}
    told = f"SQLite; {of}; the median of {TIMES} tries.\n\n{table(rows)}"
    run.write(run.made() + told, figures, rows=rows)


def _median_ms(registry: CollectorRegistry) -> float:
    taken = []
    for _ in range(TIMES):
        begun_at = time.perf_counter()
        generate_latest(registry)
        taken.append(1000 * (time.perf_counter() - begun_at))
    return round(statistics.median(taken), 1)


def parts(ledger: SqlLedger) -> dict[str, list[object]]:
    """Return what is asked, by name."""
    own = Metrics(CollectorRegistry(), "1.2.3")
    node = NodeCollector(ledger, own.families, lambda: True)
    amounts = LedgerCollector(ledger, lambda: True)
    fine = [Check("ledger", ok=True, detail="")]
    here = HereCollector(lambda: fine, lambda: 0, (ledger.spool_usage,))
    return {
        "counted and measured": [node],
        "amounts and ages": [amounts],
        "all, but for what is remembered": [node, amounts],
        "the spool (remembered for 30 s)": [here],
    }


def tell(ledger: SqlLedger) -> None:
    """Count what a large clinic's node counts."""
    metrics = Metrics(CollectorRegistry(), "1.2.3")
    for number in range(AE_TITLES):
        for outcome in ("kept", "known", "refused"):
            metrics.received(f"MAMMO{number}", "DigitalMammographyXRayImage", outcome)
    for number in range(ROUTES):
        metrics.turnaround(f"route{number}", SERIES)
        metrics.job_done(f"pipeline{number}", dict.fromkeys(("read", "enlarge", "store"), SERIES))
    for number in range(NETWORKS):
        metrics.engine_answered(f"network{number}", "openvino-bf16", SERIES)
        metrics.finding(f"network{number}", SERIES)
    Teller(ledger, metrics, "one", ["console"], lambda: NOW, NOW, lambda: None).tell()


if __name__ == "__main__":
    main()
