"""What ties together the lines that different stages and processes log of one study."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from time import time_ns
from uuid import uuid4

from structlog.contextvars import bound_contextvars

_here: ContextVar["Trail | None"] = ContextVar("trail", default=None)


def trace_of(study_instance_uid: str) -> str:
    """Return the 32 hexadecimal digits that all of a study's way has in common, in any process."""
    return hashlib.sha256(study_instance_uid.encode()).hexdigest()[:32]


@contextmanager
def about(study_instance_uid: str, **more: str) -> Iterator[None]:
    """Let what is logged within the block say which study it is about, and what else is given."""
    with bound_contextvars(**_of(study_instance_uid), **more):
        yield


class Trail:
    """One association, by a name of its own, and what came by it; several threads serve it."""

    def __init__(self) -> None:
        self.name = uuid4().hex[:12]
        self.began_ns = time_ns()
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._times: dict[str, tuple[int, int]] = {}

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Let what is logged within the block say that it is of this association."""
        with bound_contextvars(association=self.name):
            before = _here.set(self)
            try:
                yield
            finally:
                _here.reset(before)

    def count(self, study_instance_uid: str) -> bool:
        """Count an object of that study; return whether it is the first."""
        with self._lock:
            self._counts[study_instance_uid] += 1
            now = time_ns()
            self._times[study_instance_uid] = (
                self._times.get(study_instance_uid, (now, now))[0],
                now,
            )
            return self._counts[study_instance_uid] == 1

    def times(self, study_instance_uid: str) -> tuple[int, int]:
        """Return when its first and its last object were ours, in nanoseconds since 1970."""
        with self._lock:
            return self._times[study_instance_uid]

    def ended(self) -> Mapping[str, int]:
        """Return how many objects of which study came, once."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            return counts


def is_first(study_instance_uid: str) -> bool:
    """Count an object of that study; return whether it is the first on the association at hand."""
    here = _here.get()
    return here is None or here.count(study_instance_uid)


def _of(study_instance_uid: str) -> dict[str, str]:
    return {"study": study_instance_uid, "trace": trace_of(study_instance_uid)}
