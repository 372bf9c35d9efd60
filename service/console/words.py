"""What the console calls things, and says about them, in plain words."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from engines.card import Tolerance
from service.ledger.moves import MOST_CRASHES
from service.ledger.records import Delivery, DeliveryState, Job, JobState
from service.ledger.verifications import Verified

DONE: Mapping[str, str] = {
    "retried": "The job is queued again.",
    "cancelled": "The job is cancelled.",
    "completed": "The study is judged now, whatever is still expected of it.",
    "reprocessed": "The study is judged and processed again.",
    "resent": "What the destination was sent of this study is owed to it again.",
    "owed": "The deliveries are owed again now.",
    "echoed": "The destination answers.",
    "routes-applied": "The routes are written; the node takes them up at once.",
    "routes-restored": "That version is written; the node takes it up at once.",
    "draft-discarded": "The draft is gone; this is what is on the disk.",
    "draft-rebased": "The draft is to replace what is on the disk now.",
    "user-added": "The user may sign in.",
    "user-removed": "The user may sign in no more; their sessions and tokens are ended.",
    "role-changed": "The role is changed.",
    "password-changed": "The password is changed; every session with the old one is ended.",
    "token-removed": "The token counts no more.",
    "signed-out": "You are signed out.",
}
"""What a page says above itself after something was done; the address holds the word alone."""


def job_story(job: Job) -> str:
    """Return in a sentence how a job stands, and why."""
    told = f": {job.error}" if job.error else ""
    match job.state:
        case JobState.DEAD:
            story = f"Given up{told}. Trying again helps only if something has changed."
        case JobState.PARKED:
            story = f"Set aside, {_blows(job)}{told}."
        case JobState.CANCELLED:
            story = "Cancelled by hand."
        case JobState.QUEUED:
            story = f"Waits to be tried again{told}." if told else _wait(job)
        case JobState.RUNNING:
            story = "A worker is at it."
        case _:
            story = f"Done, with a remark{told}." if told else "Done."
    return story.replace("..", ".")


def _wait(job: Job) -> str:
    """Return what a job waits for that nothing has happened to yet."""
    return f"Waits: {job.waits}." if job.waits else "Waits for a worker."


def _blows(job: Job) -> str:
    """Return what became of the processes that tried."""
    if job.crashes >= MOST_CRASHES:
        return f"it brought its process down {job.crashes} times"
    return f"its process was lost {job.losts} times"


def delivery_story(delivery: Delivery) -> str:
    """Return in a sentence how a delivery stands, and what the destination answered."""
    told = f": {delivery.error}" if delivery.error else ""
    if delivery.state is DeliveryState.PARKED:
        return f"The destination will not have it{told}."
    if delivery.state is DeliveryState.OWED and delivery.error:
        return f"Waits to be sent again{told}."
    if delivery.state is DeliveryState.OWED:
        return "Waits to be sent."
    committed = " It committed itself to keep it." if delivery.committed_at else ""
    return f"Acknowledged{told}.{committed}"


def told_seconds(seconds: float) -> str:
    """Return a duration as people say it: ``40 ms``, ``3.2 s``, ``4 min``, ``2 h 10 min``."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def told_bytes(count: float) -> str:
    """Return a size as people say it: ``27 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def told_tolerance(tolerance: Tolerance) -> str:
    """Return how far a card lets a back end stray from the reference."""
    told = [f"{tolerance.maximum:g} at most", f"{tolerance.root_mean_square:g} rms"]
    if tolerance.psnr is not None:
        told.append(f"{tolerance.psnr:g} dB at least")
    if tolerance.agreement is not None:
        told.append(f"{tolerance.agreement:.2%} the same class")
    return ", ".join(told)


def told_stray(found: Verified) -> str:
    """Return how far a back end strayed from the reference; nothing where it was not measured."""
    if found.psnr is None or found.maximum is None:
        return ""
    same = "" if found.agreement is None else f", {found.agreement:.2%} the same class"
    return f"{found.maximum:.2g} at most, {found.psnr:.1f} dB{same}"


def told_between(begun: datetime, ended: datetime) -> str:
    """Return how long it was from `begun` to `ended`."""
    return told_seconds(max((ended - begun) / timedelta(seconds=1), 0.0))
