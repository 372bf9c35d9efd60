"""What routes make of files and of studies that are kept: asked before anything is done."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from pydicom import Dataset

from service.errors import NodeError
from service.ledger.records import Instance, Study
from service.router.explaining import Answer, explained, for_study
from service.router.judge import Judge
from service.router.sight import Headers

ANYBODY = "ANY"
"""The calling AE title of a file of which nobody said who sent it."""
REMOVED = "its bytes are no longer kept"


class Kept(Protocol):
    """Knows what was received."""

    def study(self, study_instance_uid: str) -> Study:
        """Return that study; UnknownError if there is none."""
        ...

    def instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what was received of it, in the order it came."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """An image, or why there is none."""

    name: str
    instance: Instance | None = None
    header: Dataset | None = None
    error: str = ""


def of_header(name: str, header: Dataset, calling: str, now: datetime) -> Looked:
    """Return the image with that header as if `calling` had sent it now."""
    return Looked(name, as_if_received(header, calling, now), header)


def of_study(
    kept: Kept, headers: Headers, study_instance_uid: str, calling: str = ""
) -> Iterator[Looked]:
    """Yield the images of a study that is kept, as if `calling` had sent them; else who did.

    Raises:
        UnknownError: if there is no such study.
    """
    kept.study(study_instance_uid)
    for one in kept.instances(study_instance_uid):
        name = "~".join(filter(None, (one.sop_instance_uid, one.version)))
        if one.removed_at is not None:
            yield Looked(name, error=REMOVED)
            continue
        instance = replace(one, calling_ae_title=calling or one.calling_ae_title)
        try:
            header = headers.header(one.sop_instance_uid, one.version)
        except NodeError as error:
            yield Looked(name, error=str(error))
        else:
            yield Looked(name, instance, header)


def answers(judge: Judge, looked: Sequence[Looked]) -> list[tuple[Looked, list[Answer]]]:
    """Return each image with what each route makes of it; together they are their studies."""
    studies: defaultdict[str, list[tuple[Instance, Dataset]]] = defaultdict(list)
    for one in looked:
        if one.instance is not None and one.header is not None:
            studies[one.instance.study_instance_uid].append((one.instance, one.header))
    judges = {uid: for_study(judge, headers) for uid, headers in studies.items()}
    return [(one, _answered(judges, one)) for one in looked]


def as_if_received(header: Dataset, calling: str, now: datetime) -> Instance:
    """Return what would be written down of an image with that header.

    Raises:
        UNREADABLE: if its UIDs are none.
    """
    return Instance(
        sop_instance_uid=str(header.get("SOPInstanceUID", "")),
        sop_class_uid=str(header.get("SOPClassUID", "")),
        study_instance_uid=str(header.get("StudyInstanceUID", "")),
        series_instance_uid=str(header.get("SeriesInstanceUID", "")),
        transfer_syntax_uid="",
        calling_ae_title=calling,
        view="",
        size=0,
        digest="",
        received_at=now,
    )


def _answered(judges: Mapping[str, Judge], one: Looked) -> list[Answer]:
    if one.instance is None or one.header is None:
        return [Answer("", "", taken=False, reason=f"refused: {one.error}")]
    return explained(judges[one.instance.study_instance_uid], one.instance, one.header)
