"""Every way to run a card on this machine, held against the reference, and written down."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engines.backends.onnxruntime import open_reference
from engines.backends.tensorrt.serving import verify_tensorrt
from engines.card import Card
from engines.engine import AnswerError, Batch, Engine, UnusableError
from engines.plans.manifest import Circumstances, Manifest, NoPlanError, PlanError
from engines.plans.store import PlanStore
from engines.shelf import verify
from engines.verification import Verification, compare
from engines.ways import Way, ways

State = Literal["passed", "failed", "not here"]


@dataclass(frozen=True, slots=True)
class Examined:
    """How one way to run a card fared; `reason` says why it did not pass, or is not here."""

    model: str
    version: str
    backend: str
    device: str
    state: State
    reason: str
    seconds: float
    verification: Verification | None = None


@dataclass(frozen=True, slots=True)
class Examiner:
    """Holds the ways to run a card against the reference on the same windows.

    `at` is when, and `by` who does it: a manifest says so.
    """

    device: str
    store: PlanStore
    at: datetime
    by: str

    def examine(self, card: Card, windows: Sequence[Batch]) -> Iterator[Examined]:
        """Yield how each way fared, and which plans are damaged.

        Raises:
            CardError: the weights are not those of the card.
            UnusableError: the reference cannot run them.
        """
        verify(card)
        with closing(Remembering(open_reference(card))) as reference:
            for way in ways(card, self.device, self.store):
                yield self._examined(way, reference, windows)
        for known in self.store.known(card.name, card.version):
            if isinstance(known, PlanError):
                why = f"{known}; docs/tensorrt.md says what helps"
                yield Examined(card.name, card.version, "plan", self.device, "failed", why, 0)

    def _examined(self, way: Way, reference: Engine, windows: Sequence[Batch]) -> Examined:
        card = way.card
        if way.backend == reference.backend:
            why = "it is the reference"
            return Examined(card.name, card.version, way.backend, way.device, "passed", why, 0)
        started = time.monotonic()
        state: State
        try:
            found = self._verified(way, reference, windows)
            state, reason = "passed" if found.passed else "failed", found.reason
        except NoPlanError as error:
            found, state, reason = None, "not here", str(error)
        except (AnswerError, PlanError) as error:
            found, state, reason = None, "failed", str(error)
        except UnusableError as error:
            found, state, reason = None, "not here", str(error)
        seconds = time.monotonic() - started
        return Examined(
            card.name, card.version, way.backend, way.device, state, reason, seconds, found
        )

    def _verified(self, way: Way, reference: Engine, windows: Sequence[Batch]) -> Verification:
        def judge(engine: Engine) -> Verification:
            return compare(engine, reference, windows)

        if way.ordinal is not None:
            planned = way.card, way.precision, way.ordinal
            return verify_tensorrt(planned, self.store, judge)
        started = time.monotonic()
        with closing(way.open()) as engine:
            found = judge(engine)
        manifest = Manifest(
            fingerprint=way.fingerprint(),
            built_at=self.at,
            built_by=self.by,
            seconds=time.monotonic() - started,
        )
        self.store.note(manifest.verified(found, Circumstances()))
        return found


class Remembering:
    """An engine that runs a window once only, and then knows the answer: it is slow."""

    def __init__(self, engine: Engine) -> None:
        self.card, self.backend = engine.card, engine.backend
        self._engine = engine
        self._answers: dict[bytes, Batch] = {}

    def __call__(self, batch: Batch) -> Batch:
        """Return the network's answer to the inside of `batch`."""
        seen = batch.tobytes()
        if seen not in self._answers:
            self._answers[seen] = self._engine(batch)
        return self._answers[seen]

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answer to each batch, one after the other."""
        return map(self, batches)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
