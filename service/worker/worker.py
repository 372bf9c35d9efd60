"""From a job to results that are owed."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydicom import Dataset

from engines.card import CardError
from engines.engine import Engine, UnusableError
from pipelines.errors import CannotProcessError
from pipelines.kinds import Kind
from pipelines.pipeline import Context, Document, Outcome, Pipeline, Product
from service.errors import RefusedError, UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.moves import LONGEST_RUN
from service.ledger.reading import read_file, readable
from service.ledger.records import Job, Result, WorkerPresence
from service.ledger.spool import Spool
from service.metrics import Metrics, new_sheet
from service.tracing import span
from service.trail import about
from service.worker.day import day_of
from service.worker.heart import BEAT_S, Heart, nothing
from service.worker.keeping import accepted_by, keep, wanted
from service.worker.owner import this_process
from service.worker.stopwatch import Stopwatch
from service.worker.timed import Timed

logger = logging.getLogger(__name__)


class TakenError(Exception):
    """The job is no longer this worker's: it was cancelled, or its lease ran out."""


@dataclass(frozen=True)
class Worker:
    """Runs jobs, one at a time."""

    ledger: Ledger
    received: Spool
    results: Spool
    pipelines: Mapping[str, Pipeline]
    open_engine: Callable[[str], Engine]
    """Gives the network of that name, ready to run; the same one every time."""
    product: Product
    site_key: bytes
    device: str
    now: Callable[[], datetime]
    accepts: Callable[[str], Collection[Kind]]
    """Says which kinds of results a destination is sent."""
    in_use: Callable[[], Iterable[str]]
    """The names of those whose networks are held ready; others are opened when a job needs them."""
    beat_s: float = BEAT_S
    within: timedelta = LONGEST_RUN
    """A run that lasts longer is taken from this worker."""
    end: Callable[[], None] = nothing
    """Called when a job that was taken away does not end: to end the process."""
    tell: Callable[[], None] = nothing
    """Called every few seconds: to tell the ledger of the process."""

    def run(self, job_id: str | None = None) -> bool:
        """Run that job, or the most urgent one that is due; return whether there was one.

        Run twice, it leaves the same results under the same UIDs, owed once.

        Raises:
            UnavailableError: if the ledger is down; the job comes back when its lease runs out.
        """
        left = self._unable() if self.is_spare() else ()
        job = self.ledger.claim(this_process(), job_id, self.within, left)
        if job is None:
            return False
        with about(job.study_instance_uid, job=job.job_id):
            logger.info("job %s begins: %s", job.job_id, job.pipeline)
            traced = span("job", job.study_instance_uid, job=job.job_id, pipeline=job.pipeline)
            with traced, Heart(self.ledger, job, self.beat_s, self.end) as heart:
                self._settle(job, heart)
        return True

    def open_engines(self) -> None:
        """Make the networks of the pipelines in use ready, so that the first job need not wait.

        Raises:
            UnavailableError: if one of them cannot be opened here.
        """
        for name in self.in_use():
            self._engines_of(name)

    def is_spare(self) -> bool:
        """Tell whether this worker has said that it cannot work, while another one can."""
        unfit = any(one.owner == this_process() for one in self.ledger.unfit_workers())
        return unfit and bool(self.ledger.workers())

    def presence(self, started_at: datetime) -> WorkerPresence:
        """Return what this worker says of itself."""
        engines = [engine for name in self.in_use() for engine in self._engines_of(name)]
        names = {f"{engine.card.name} {engine.backend}" for engine in engines}
        return WorkerPresence(
            this_process(), self.device, tuple(sorted(names)), started_at, self.now()
        )

    def _settle(self, job: Job, heart: Heart) -> None:
        """Do the work of `job` and write down what came of it."""
        watch, sheet = Stopwatch(), new_sheet()
        try:
            outcome, results = self._make(job, heart, watch, sheet)
        except TakenError:
            logger.info("job %s was taken from this worker", job.job_id)
        except (CannotProcessError, RefusedError) as error:
            self.ledger.refuse_job(job, str(error))
            logger.warning("job %s refused: %s", job.job_id, error)
        except UnavailableError as error:
            self.ledger.put_off(job, str(error))
            logger.warning("job %s put off: %s", job.job_id, error)
        else:
            sheet.job_done(job.pipeline, watch.seconds)
            self._write_down(job, outcome, results, watch, sheet)

    def _write_down(
        self,
        job: Job,
        outcome: Outcome,
        results: Sequence[Result],
        watch: Stopwatch,
        sheet: Metrics,
    ) -> None:
        if outcome.extent == "failed":
            self.ledger.refuse_job(job, outcome.reason, results)
            logger.warning("job %s not analysed: %s", job.job_id, outcome.reason)
            return
        for model, probability in outcome.scores:
            sheet.finding(model, probability)
        held = self.ledger.finish(job, results, watch.seconds, outcome.reason, sheet.counted())
        logger.info("job %s %s", job.job_id, "done" if held else "was another's by now")

    def _make(
        self, job: Job, heart: Heart, watch: Stopwatch, sheet: Metrics
    ) -> tuple[Outcome, list[Result]]:
        pipeline = self._pipeline_of(job)
        self._engines_of(job.pipeline)
        progress = _stages(watch, heart, job.study_instance_uid)
        accepted = accepted_by(job.send_to, self.accepts)
        versions = job.version_of
        context = Context(
            engine_of=lambda network: Timed(self._engine(network), sheet.engine_answered),
            product=self.product,
            site_key=self.site_key,
            made_at=day_of(job.created_at),
            progress=progress,
            kinds=wanted(accepted),
            predecessors=[_document(one) for one in self.ledger.failures_before(job)],
            versions=versions,
        )
        read = readable if pipeline.takes_studies else read_file
        with progress("read"):
            images = [self._read(read, *one) for one in versions.items()]
        outcome = pipeline.run(images, context)
        with progress("store"):
            is_failure = outcome.extent == "failed"
            results = keep(outcome.made, accepted, self.results, is_failure=is_failure)
        return outcome, results

    def _read(self, read: Callable[[Path], Dataset], uid: str, version: str) -> Dataset:
        with self.received.local(uid, version) as path:
            return read(path)

    def _pipeline_of(self, job: Job) -> Pipeline:
        try:
            return self.pipelines[job.pipeline]
        except KeyError:
            raise RefusedError(f"this node has no pipeline {job.pipeline!r}") from None

    def _engines_of(self, pipeline: str) -> list[Engine]:
        return [self._engine(network) for network in self.pipelines[pipeline].networks]

    def _unable(self) -> list[str]:
        """Return the pipelines in use that have a network which cannot be opened here."""
        return [name for name in self.in_use() if not self._is_able(name)]

    def _is_able(self, pipeline: str) -> bool:
        try:
            self._engines_of(pipeline)
        except UnavailableError:
            return False
        return True

    def _engine(self, network: str) -> Engine:
        try:
            return self.open_engine(network)
        except (CardError, UnusableError) as error:
            raise UnavailableError(f"engine {network}: {error}") from error


def _document(result: Result) -> Document:
    return Document(
        Kind(result.kind),
        result.sop_class_uid,
        result.sop_instance_uid,
        result.series_instance_uid,
        result.study_instance_uid,
    )


def _stages(
    watch: Stopwatch, heart: Heart, study_instance_uid: str
) -> Callable[[str], AbstractContextManager[None]]:
    """Return what times each stage and begins none of a job that was taken away."""

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if heart.is_taken:
            raise TakenError
        with watch(name), span(name, study_instance_uid):
            yield

    return stage
