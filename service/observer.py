"""From the ledger to the metrics that one process alone cannot know."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.errors import UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.records import Delivery, DeliveryState, Job, Study
from service.metrics import Metrics
from service.router.routes_file import RoutesFile

logger = logging.getLogger(__name__)

EVERY_S = 2.0


@dataclass(frozen=True)
class Observer:
    """Notes the seconds of jobs that finished and of studies that went through."""

    ledger: Ledger
    metrics: Metrics
    now: Callable[[], datetime]
    routes: RoutesFile

    def run(self, stop: threading.Event) -> None:
        """Look every two seconds until `stop`."""
        seen: dict[str, Job] = {}
        waiting: set[tuple[str, str]] = set()
        since = self.now()
        while not stop.wait(EVERY_S):
            self.metrics.reload_ok(self.routes.reload_ok)
            try:
                new = [job for job in self.ledger.finished_since(since) if job.job_id not in seen]
                for job in new:
                    self.metrics.job_done(job.pipeline, job.stages)
                    waiting.add((job.study_instance_uid, job.route))
                waiting -= {through for through in waiting if self._note_turnaround(*through)}
            except UnavailableError as error:
                logger.warning("metrics wait for the ledger: %s", error)
                continue
            since = max([since, *(job.finished_at for job in new if job.finished_at)])
            seen = {job.job_id: job for job in [*seen.values(), *new] if job.finished_at == since}

    def _note_turnaround(self, study_instance_uid: str, route: str) -> bool:
        """Note how long that study took on that route, once all is sent; return whether it is."""
        jobs = [
            job for job in self.ledger.jobs(study_instance_uid, limit=None) if job.route == route
        ]
        ours = {job.job_id for job in jobs}
        deliveries = [
            each
            for each in self.ledger.deliveries(study_instance_uid, limit=None)
            if each.job_id in ours
        ]
        if any(job.state.is_open for job in jobs):
            return False
        if any(each.state is DeliveryState.OWED for each in deliveries):
            return False
        seconds = turnaround_s(self.ledger.study(study_instance_uid), deliveries)
        if seconds is not None:
            self.metrics.turnaround(route, seconds)
        return True


def turnaround_s(study: Study, deliveries: Sequence[Delivery]) -> float | None:
    """Return the seconds from the last image received to the last result acknowledged, if any."""
    sent = [each.sent_at for each in deliveries if each.sent_at is not None]
    return (max(sent) - study.last_received_at).total_seconds() if sent else None
