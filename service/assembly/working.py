"""What decides, works, tells of what was given up, and cleans up."""

from datetime import timedelta
from pathlib import Path

from service.assembly.child import child
from service.assembly.rules import Rules
from service.canary.routing import Beside
from service.clock import now
from service.models import Versions
from service.router.router import Router
from service.worker.embedded import EmbeddedWorker
from service.worker.reporter import Reporter
from service.worker.storekeeper import Kept, Storekeeper


class Working(Rules):
    """What decides, works, tells of what was given up, and cleans up."""

    def router(self) -> Router:
        """Make what decides.

        Raises:
            CardError: the model of a pipeline in use is missing, broken or altered.
        """
        for pipeline in self.in_use():
            self.checked_cards(pipeline)
        return Router(
            ledger=self.ledger,
            received=self.received,
            routes=Beside(self.routes.current),
            pipelines=self.pipelines,
            versions=Versions(self.pipelines),
            queue=self.queue,
            now=now,
            versions_kept=self.settings.retention.routes_versions,
        )

    def embedded_worker(self, config: Path | None) -> EmbeddedWorker:
        """Make the worker beside this process."""
        return EmbeddedWorker(child("service.celery_worker", config))

    def reporter(self) -> Reporter:
        """Make what tells of studies that were given up."""
        return Reporter(
            ledger=self.ledger,
            received=self.received,
            results=self.results,
            pipelines=self.pipelines,
            cards=self.pipelines.cards,
            accepts=self.accepts,
            product=self.product,
            site_key=self.site_key,
        )

    def storekeeper(self) -> Storekeeper:
        """Make what cleans up the spool."""
        days = self.settings.retention
        return Storekeeper(
            ledger=self.ledger,
            received=self.received,
            results=self.results,
            kept=Kept(_days(days.received_days), _days(days.results_days), self._room),
            committing=self.committing,
            now=now,
            count=self.metrics.removed,
        )

    @property
    def _room(self) -> int:
        """Bytes that the storekeeper keeps free; 0 if it does not, as for what is in a bucket."""
        wanted = self.settings.retention.room_mb * 1_000_000
        return self.low_water + wanted if wanted and self.bucket is None else 0


def _days(number: int) -> timedelta | None:
    """Return that many days; None, which is for ever, for 0."""
    return timedelta(days=number) if number else None
