"""The rows of canaries: phantom studies that a node sends itself, to see whether it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

AE_TITLE = "SENOSCOPE_CANARY"
"""By which they are sent: no other route than theirs takes what comes from it."""
ROUTE = DESTINATION = "_canary"
"""A name that nobody can write in `routes.toml`."""


class Phase(StrEnum):
    """Where on the line a canary failed."""

    NONE = ""
    """It did not."""
    LEDGER = "ledger"
    RECEIVER = "receiver"
    """The port for its results could not be opened, or a reference not be computed."""
    PORT = "port"
    ASSOCIATION = "association"
    STORE = "store"
    ROUTING = "routing"
    QUEUE = "queue"
    WORKER = "worker"
    ENGINE = "engine"
    """What was computed is wrong."""
    DELIVERY = "delivery"
    BUSY = "busy"
    """Nothing is known: the workers were at other jobs for all that time."""

    @property
    def is_failure(self) -> bool:
        """Whether something is broken."""
        return self not in {Phase.NONE, Phase.BUSY}


@dataclass(frozen=True, slots=True)
class CanaryRun:
    """One phantom study that was sent through the node, and how it fared."""

    study_instance_uid: str
    asked_by: str
    """``schedule`` or ``check``."""
    host: str
    """Where its results are awaited."""
    port: int
    started_at: datetime
    until: datetime
    """After this moment nobody waits for it any more."""
    finished_at: datetime | None = None
    phase: Phase = Phase.NONE
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Of each phase, and of all in `total`."""
    runs: int = 0
    """Canaries that have ended, this one included."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """Of them, how many failed in each phase."""
    passed_at: datetime | None = None
    """When the last one passed."""
    number: int = 0
    """Counts up; given by the ledger."""

    def after(self, before: "CanaryRun | None") -> "CanaryRun":
        """Return this run, which has ended, with the counts of all up to it."""
        failures = dict(before.failures) if before else {}
        if self.phase.is_failure:
            failures[self.phase] = failures.get(self.phase, 0) + 1
        earlier = before.passed_at if before else None
        return replace(
            self,
            runs=(before.runs if before else 0) + 1,
            failures=failures,
            passed_at=self.finished_at if self.phase is Phase.NONE else earlier,
        )
