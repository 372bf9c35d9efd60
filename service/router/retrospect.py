"""What routes would make of many studies that are kept, and how much of it would be otherwise."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.errors import NodeError
from service.ledger.histories import Histories
from service.router.judge import Judge
from service.router.replaying import Change, replayed
from service.router.sight import Headers

WORDS = {
    "new job": "jobs would be new",
    "no job": "jobs would not be made",
    "other job": "jobs would go elsewhere, or in another lane",
    "decision": "decisions on images would be others",
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """A study that was looked at again."""

    study_instance_uid: str
    images: int
    changes: Sequence[Change] = ()
    passed_over: str = ""
    """Why it could not be looked at."""


def retrospect(
    judge: Judge, ledger: Histories, received: Headers, study_uids: Sequence[str]
) -> Iterator[Replayed]:
    """Yield each of these studies with what would change if it came now."""
    for history in ledger.histories(study_uids):
        uid, images = history.study_instance_uid, len(history.instances)
        try:
            yield Replayed(uid, images, replayed(judge, history, received))
        except NodeError as error:
            yield Replayed(uid, images, passed_over=str(error))


def counted(found: Sequence[Replayed]) -> Mapping[str, int]:
    """Return how many changes there are of each kind."""
    counts: Counter[str] = Counter(change.kind for one in found for change in one.changes)
    return {kind: counts[kind] for kind in WORDS}


def told(change: Change) -> str:
    """Return `change` as one line."""
    where = ", ".join(filter(None, (change.route, change.pipeline))) or "no route"
    if change.kind == "decision":
        (image,) = change.images
        return f"{image} ({where}): {change.then or 'nothing'} -> {change.now or 'nothing'}"
    there = f" ({' -> '.join(filter(None, (change.then, change.now)))})"
    return f"{change.kind}: {where}: {' '.join(change.images)}{there}"
