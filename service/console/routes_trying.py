"""Trying routes on an image, on a study that is kept, or on all the last ones: nothing is done."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from pydicom import Dataset, dcmread
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian

from service.console.desk import Desk
from service.errors import BadObjectError, RefusedError
from service.ledger.reading import UNREADABLE
from service.router.explaining import Answer
from service.router.judge import Judge
from service.router.replaying import Change
from service.router.retrospect import Replayed, counted, retrospect, told
from service.router.trying import ANYBODY, Looked, answers, of_header, of_study

MOST_STUDIES, MOST_TOLD = 200, 50
"""Studies that are looked at again; of which the changes are told one by one."""
AT_ONCE = 20
LONGEST_S = 8.0
"""Then the rest of the studies is left out: somebody waits."""
DEFLATED = "it is deflated, and may be far larger than it looks: send it, and try its study"
LARGEST_HEADER = 1_000_000
"""Bytes of a file that are looked at: the pixels need not be among them."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An image, and what each route makes of it."""

    image: str
    """Its SOP Instance UID."""
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Changed:
    """A study, and what would change of it."""

    study_instance_uid: str
    changes: Sequence[Change]
    lines: Sequence[str]
    """The same in words."""


@dataclass(frozen=True, slots=True)
class Retrospect:
    """What would change of the last studies, if they came now."""

    studies: int
    images: int
    changed: int
    """Studies of which something would."""
    counts: Mapping[str, int]
    passed_over: int
    """Studies that were not judged yet, or whose bytes are gone."""
    all_of_them: bool
    """Whether the time was enough for as many as were asked for."""
    told: Sequence[Changed]
    """The first of those that would change."""


def judge_of(desk: Desk, text: str | None) -> Judge:
    """Return what judges by the routes in `text`, or by those in force.

    Raises:
        RefusedError: if the text has mistakes.
    """
    if text is None:
        return desk.routes.judge(desk.sources.routes())
    return desk.routes.judge_by(text)


def try_study(desk: Desk, judge: Judge, study: str, calling: str) -> Sequence[Tried]:
    """Return what routes make of each image of a study that is kept.

    Raises:
        UnknownError: if it is not known.
    """
    return _tried(judge, list(of_study(desk.ledger, desk.routes.received, study, calling)))


def try_file(desk: Desk, judge: Judge, beginning: bytes, calling: str) -> Sequence[Tried]:
    """Return what routes make of the image whose file begins so, as if `calling` had sent it.

    Raises:
        BadObjectError: if it is none, or its header is longer.
    """
    header = header_of(beginning)
    try:
        name = str(header.get("SOPInstanceUID", "")) or "an image without SOP Instance UID"
        looked = of_header(name, header, calling or ANYBODY, desk.now())
    except UNREADABLE:
        raise BadObjectError("it is no image that could be stored: its UIDs are none") from None
    return _tried(judge, [looked])


def header_of(beginning: bytes) -> Dataset:
    """Return the header of the DICOM file that begins so.

    Raises:
        BadObjectError: if it is none, or it ends within its header.
    """
    file = BytesIO(beginning)
    try:
        deflated = _is_deflated(file)
        header = None if deflated else dcmread(file, stop_before_pixels=True)
    except (OSError, *UNREADABLE):  # pydicom's OSError: no disk is asked here
        raise BadObjectError("it is no DICOM file, or its header is broken or too long") from None
    if header is None:
        raise BadObjectError(DEFLATED)
    if len(beginning) >= LARGEST_HEADER and not file.read(1):
        raise BadObjectError(f"its header is longer than {LARGEST_HEADER:,} bytes")
    return header


def _is_deflated(file: BytesIO) -> bool:
    """Return whether pydicom would inflate it, and without any bound, before it is read."""
    read_preamble(file, force=False)
    meta = _read_file_meta_info(file)  # as dcmread does: whatever it takes for deflated is seen
    file.seek(0)
    return bool(meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def look_back(
    desk: Desk, judge: Judge, most: int, clock: Callable[[], float] = time.monotonic
) -> Retrospect:
    """Return what would change of the last `most` studies, as far as there is time to look."""
    uids = [*reversed(desk.ledger.study_uids())][:most]
    end, found = clock() + LONGEST_S, list[Replayed]()
    for start in range(0, len(uids), AT_ONCE):
        if clock() > end:
            break
        some = uids[start : start + AT_ONCE]
        found += retrospect(judge, desk.ledger, desk.routes.received, some)
    changed = [one for one in found if one.changes]
    return Retrospect(
        studies=len(found),
        images=sum(one.images for one in found),
        changed=len(changed),
        counts=counted(found),
        passed_over=sum(bool(one.passed_over) for one in found),
        all_of_them=len(found) == len(uids),
        told=[
            Changed(one.study_instance_uid, one.changes, [*map(told, one.changes)])
            for one in islice(changed, MOST_TOLD)
        ],
    )


def _tried(judge: Judge, looked: Sequence[Looked]) -> Sequence[Tried]:
    if not looked:
        raise RefusedError("there is no image of it")
    return [Tried(one.name, found) for one, found in answers(judge, looked)]
