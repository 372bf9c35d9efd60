"""What is shown of one image: it, what it was enlarged to, and what was found on it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from engines.cad.finding import Points
from pipelines.kinds import CAD_REPORTS, ENLARGED, REPORTS, Kind
from service.errors import UnknownError
from service.findings.held import Held, Results, opened, scale_of
from service.findings.labels import VERDICTS, labels_of, percent
from service.findings.said import Mark, marks
from service.findings.segments import patches
from service.ledger.ledger import Ledger
from service.ledger.records import Instance, Job, JobState, Result
from service.ledger.spool import Spool

LOOKED_AT = frozenset({*ENLARGED, *REPORTS, *CAD_REPORTS, Kind.GSPS, Kind.SEG})
"""The kinds of results that say something here."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Something that was found, in pixels of the source."""

    label: str
    name: str
    points: Sequence[tuple[float, float]]
    """Column and row of each corner; the last is joined with the first."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom."""
    probability: float | None
    """Of malignancy, in per cent; None where nothing states it."""
    is_suspicious: bool | None
    """None where nothing states it."""

    @property
    def verdict(self) -> str:
        """Return in words whether it is suspicious."""
        return VERDICTS[self.is_suspicious]

    @property
    def percent(self) -> str:
        """Return the probability in words."""
        return percent(self.probability)

    @property
    def svg(self) -> str:
        """Return the corners as SVG has them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An image; `key` and `enlarged` are what the addresses of pictures call the two."""

    study: str
    key: str
    instance: Instance
    size: tuple[int, int]
    """Rows and columns of the source."""
    enlarged: str
    """Empty where it was not enlarged."""
    scale: int
    outlines: Sequence[Outline]


@dataclass(frozen=True)
class Exhibits:
    """Looks for what there is to be shown."""

    ledger: Ledger
    received: Spool
    results: Spool

    def of(self, study: str, key: str) -> Exhibit:
        """Return what is shown of that image.

        Raises:
            UnknownError: there is no such image in that study, or its bytes are gone.
            BadObjectError: it cannot be read.
            UnavailableError: its bytes cannot be had now.
        """
        instance = self.instance(study, key)
        uid, version = instance.sop_instance_uid, instance.version
        with ExitStack() as stack:
            path = stack.enter_context(self.received.local(uid, version))
            source = Held(path, self.received.header(uid, version))
            wanted = [one for one in self.results_of(instance) if one.kind in LOOKED_AT]
            made = opened(
                [stack.enter_context(self.results.local(one.sop_instance_uid)) for one in wanted]
            )
            outlines = list(_outlines(source, made))  # of masks, which lie in those files
        large = made.enlargement_of(source)
        return Exhibit(
            study=study,
            key=key,
            instance=instance,
            size=source.size,
            enlarged=large.uid if large is not None else "",
            scale=scale_of(large, source) if large is not None else 1,
            outlines=outlines,
        )

    def instance(self, study: str, key: str) -> Instance:
        """Return the image that addresses call so.

        Raises:
            UnknownError: there is none in that study, its bytes are gone, or no job is done.
        """
        for one in self.ledger.instances(study):
            if key_of(one) == key:
                if one.removed_at is not None:
                    raise UnknownError("this image is no longer kept")
                self._check(one)
                return one
        raise UnknownError("there is no such image in this study")

    def _check(self, instance: Instance) -> None:
        """Raise UnknownError unless a worker has decoded that image: it may break who does."""
        jobs = self.ledger.jobs(instance.study_instance_uid, limit=None)
        if not any(is_of(job, instance) for job in jobs):
            raise UnknownError("no job has gone through this image, so it is not opened here")

    def results_of(self, instance: Instance) -> Iterator[Result]:
        """Yield what the newest job of each pipeline made of that image."""
        known: set[str] = set()
        jobs = self.ledger.jobs(instance.study_instance_uid, limit=None)
        for job in sorted(jobs, key=lambda one: one.created_at, reverse=True):
            if job.pipeline in known or not is_of(job, instance):
                continue
            made = self.ledger.results(job.job_id)
            if made:
                known.add(job.pipeline)
                yield from made

    def has_result(self, study: str, uid: str) -> bool:
        """Tell whether an object of that UID was made of that study, and is kept."""
        jobs = self.ledger.jobs(study, limit=None)
        made = (one for job in jobs for one in self.ledger.results(job.job_id))
        return any(one.sop_instance_uid == uid for one in made) and self.results.exists(uid)


def key_of(instance: Instance) -> str:
    """Return what addresses call an image: its UID, and its version where it is not the first."""
    uid, version = instance.sop_instance_uid, instance.version
    return f"{uid}~{version}" if version else uid


def is_of(job: Job, instance: Instance) -> bool:
    """Tell whether a job worked on that very image, and ended well."""
    is_done = job.state is JobState.DONE
    return is_done and job.version_of.get(instance.sop_instance_uid) == instance.version


def _outlines(source: Held, made: Results) -> Iterator[Outline]:
    """Yield what reports state, then what is only drawn, then what is only segmented."""
    stated = labels_of(marks(made.reports()))
    for label, mark in stated.items():
        if mark.image == source.uid:
            yield _outline(label, mark)
    drawn = dict(made.outlines_on(source))
    large = made.enlargement_of(source)
    if large is not None:
        scale = scale_of(large, source)
        there = made.outlines_on(large).items()
        drawn |= {uid: corners / scale for uid, corners in there if uid not in drawn}
    known = {mark.uid for mark in stated.values()}
    left = [_drawn(source.uid, "", uid, drawn[uid]) for uid in drawn if uid not in known]
    left += [
        _drawn(source.uid, patch.name, patch.uid, patch.outline)
        for one in made.objects
        for patch in patches(one, source)
        if not patch.uid or patch.uid not in known | drawn.keys()
    ]
    for number, mark in enumerate(left, len(stated) + 1):
        yield _outline(str(number), mark)


def _drawn(image: str, name: str, uid: str, corners: Points) -> Mark:
    """Return a mark of which nothing is stated."""
    return Mark(image, name, uid, corners, None, None, None, None)


def _outline(label: str, mark: Mark) -> Outline:
    first, last = mark.outline.min(axis=0), mark.outline.max(axis=0)
    left, top, right, bottom = (round(float(one), 1) for one in (*first, *last))
    return Outline(
        label=label,
        name=mark.identifier or f"Lesion {label}",
        points=[(round(float(x), 1), round(float(y), 1)) for x, y in mark.outline],
        box=(left, top, right, bottom),
        probability=mark.probability,
        is_suspicious=mark.is_suspicious,
    )
