"""What `senoscope doctor` looks at, on the node of some settings, whether it runs or not."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from service.checks import Checks, run_checks
from service.clock import now
from service.doctor.bundle import Sections
from service.doctor.deployment import names_of, routes_of, settings_of, shelf_of
from service.doctor.events import last_events
from service.doctor.machine import disk, machine, packages
from service.doctor.masking import Mask
from service.doctor.work import counts, failures
from service.errors import BadConfigurationError, UnavailableError
from service.exposition import LedgerCollector, NodeCollector
from service.ledger.schema import newest_schema, schema_of
from service.parts import Parts
from service.settings import PREFIX
from service.stacks import asked
from service.version import VERSION

CALLERS = 1000
"""Studies and refusals whose senders' names may be masked."""


@dataclass(frozen=True)
class Diagnosis:
    """Looks at everything; each section for itself, so that one that fails hides no other."""

    parts: Parts
    checks: Callable[[], Checks]
    log: Path | None
    lines: int
    """Events of the log."""

    def sections(self, mask: Mask) -> Sections:
        """Return what is looked at, by name."""
        parts, settings = self.parts, self.parts.settings
        found: dict[str, Callable[[], object]] = {
            "versions": self._versions,
            "settings": lambda: settings_of(settings),
            "routes": lambda: routes_of(parts.routes.current()),
            "readiness": lambda: [asdict(one) for one in run_checks(self.checks())],
            "counts": lambda: counts(parts.ledger),
            "failures": lambda: failures(parts.ledger, mask, now()),
            "metrics": self._metrics,
            "disk": lambda: disk(settings.data),
            "machine": machine,
            "stacks": lambda: asked(settings.data),
            "engines": lambda: shelf_of(settings),
        }
        if self.log is not None:
            log, lines = self.log, self.lines
            found["log"] = lambda: last_events(log, lines, mask)
        return found

    def names(self) -> Iterator[str]:
        """Yield the names of others that may be masked: AE titles and hosts, and this host's."""
        yield os.uname().nodename
        with suppress(BadConfigurationError):
            yield from names_of(self.parts.routes.current())
        with suppress(UnavailableError):
            ledger = self.parts.ledger
            yield from (study.calling_ae_title for study in ledger.studies(CALLERS))
            yield from (refusal.calling_ae_title for refusal in ledger.refusals(CALLERS))

    def _versions(self) -> Mapping[str, object]:
        with self.parts.ledger.database.reading() as connection:
            schema = schema_of(connection)
        variables = sorted(name for name in os.environ if name.startswith(PREFIX))  # noqa: TID251
        return {
            "senoscope": VERSION,
            "made_at": f"{now():%Y-%m-%dT%H:%M:%SZ}",
            "ledger_schema": schema,
            "release_schema": newest_schema(),
            "packages": packages(),
            "environment": variables,
        }

    def _metrics(self) -> list[Mapping[str, object]]:
        registry, ledger = CollectorRegistry(), self.parts.ledger
        registry.register(NodeCollector(ledger, self.parts.metrics.families, lambda: True))
        registry.register(LedgerCollector(ledger, lambda: True))
        return [
            {"name": one.name, "labels": one.labels, "value": one.value}
            for family in registry.collect()
            for one in family.samples
        ]
