"""Sees to it that a study that was given up has a report that says so."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from engines.card import Card, CardError
from engines.engine import Engine, UnusableError
from pipelines.errors import CannotProcessError
from pipelines.kinds import Kind
from pipelines.pipeline import Context, Pipeline, Product
from service.errors import NodeError, RefusedError, UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.records import Job, JobState
from service.ledger.spool import Spool
from service.trail import about
from service.worker.day import day_of
from service.worker.keeping import accepted_by, keep, wanted

logger = logging.getLogger(__name__)

EVERY_S = 2.0

CRASHED, UNAVAILABLE, REFUSED = "CRASH", "ENGINE", "INPUT"
"""Codes of why a job was given up, as reports state them."""


@dataclass(frozen=True)
class Reporter:
    """Makes the reports of jobs that ended without one: their process died, or nothing helped."""

    ledger: Ledger
    received: Spool
    results: Spool
    pipelines: Mapping[str, Pipeline]
    cards: Callable[[str], Sequence[Card]]
    """Gives the cards of the networks of a pipeline."""
    accepts: Callable[[str], Collection[Kind]]
    product: Product
    site_key: bytes

    def run(self, stop: threading.Event) -> None:
        """Report until `stop`; what cannot be reported is said once."""
        hopeless: set[str] = set()
        while not stop.wait(EVERY_S):
            try:
                self.report(hopeless)
            except UnavailableError as error:
                logger.warning("reporting waits: %s", error)

    def report(self, hopeless: set[str]) -> None:
        """Report each job that was given up, but for the `hopeless`, which may become more."""
        for job in self.ledger.unreported(self._names()):
            if job.job_id in hopeless:
                continue
            try:
                with about(job.study_instance_uid, job=job.job_id):
                    self._report(job)
            except UnavailableError:
                raise
            except (NodeError, CardError, CannotProcessError) as error:
                hopeless.add(job.job_id)
                logger.warning("job %s has no report of its failure: %s", job.job_id, error)

    def _names(self) -> list[str]:
        return [name for name, pipeline in self.pipelines.items() if pipeline.takes_studies]

    def _report(self, job: Job) -> None:
        accepted = accepted_by(job.send_to, self.accepts)
        context = Context(
            engine_of=_none,
            product=self.product,
            site_key=self.site_key,
            made_at=day_of(job.created_at),
            kinds=wanted(accepted),
        )
        headers = [self.received.header(*one) for one in job.version_of.items()]
        made = self.pipelines[job.pipeline].not_analysed(
            headers, self.cards(job.pipeline), code_of(job), context
        )
        results = keep(made, accepted, self.results, is_failure=True)
        if not results:
            raise RefusedError("none of its destinations accepts such a report")
        if self.ledger.report_failure(job, results):
            logger.warning("job %s was given up: that is reported", job.job_id)


def code_of(job: Job) -> str:
    """Return the short code of why a job was given up."""
    if job.state is JobState.PARKED:
        return CRASHED
    return UNAVAILABLE if job.failures else REFUSED


def _none(network: str) -> Engine:
    raise UnusableError(f"{network} is not needed to say that nothing was done")
