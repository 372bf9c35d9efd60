"""The rows of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import zip_longest


class JobState(StrEnum):
    """Where a job stands on the line."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    PARKED = "parked"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self in {JobState.QUEUED, JobState.RUNNING}


class DeliveryState(StrEnum):
    """Where a delivery stands on the line."""

    OWED = "owed"
    SENT = "sent"
    PARKED = "parked"


class Priority(IntEnum):
    """The lane of a job; the lowest is served first."""

    URGENT = 0
    ROUTINE = 10
    BACKGROUND = 20


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance as it was received; its bytes lie in the spool."""

    sop_instance_uid: str
    sop_class_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str
    view: str
    """Laterality and view in one word, such as ``RMLO`` or ``RCC+ID``; see `views`."""
    size: int
    """Bytes of the file."""
    digest: str
    """XXH3-128 of the data set as it came, without the file meta information."""
    received_at: datetime
    version: str = ""
    """Empty for what came first under this SOP Instance UID; else the beginning of `digest`."""
    removed_at: datetime | None = None
    """When its bytes were removed from the spool, or found to be gone from it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object or an association that this node did not take, and why."""

    calling_ae_title: str
    sop_instance_uid: str
    study_instance_uid: str
    status: int
    """As answered to the sender, PS3.4 Table B.2-1; 0 where it was no C-STORE that was refused."""
    reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class Study:
    """What is known of a study that came in."""

    study_instance_uid: str
    calling_ae_title: str
    instances: int
    undecided: int
    """Instances that the router has not judged yet."""
    views: tuple[str, ...]
    """The distinct known views, sorted."""
    first_received_at: datetime
    last_received_at: datetime
    complete_asked: bool = False
    """An operator said that nothing more will come."""
    versions: int = 0
    """Objects kept beside other bytes that came under the same SOP Instance UID before."""
    held: str = ""
    """Why it waits for a person; empty if it does not."""


@dataclass(frozen=True, slots=True)
class Completion:
    """That a study was thought to be whole, and judged: why, when, and what was missing."""

    study_instance_uid: str
    completed_at: datetime
    reason: str
    missing: tuple[str, ...]
    """Expected views that had not come."""
    images: int
    """That were judged then."""
    jobs: int
    """That were made then."""
    rerun: int
    """Of the jobs made then: 0 for the first of the study, then 1, 2, ..."""
    routes_version: int
    """Of the routes it was judged under; 0 where unknown."""
    number: int = 0
    """Of the study's completions, from 0; given by the ledger."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should be told of."""

    kind: str
    """``incomplete``: a study was judged without all its views; ``held``: it waits for a person."""
    study_instance_uid: str
    told: str
    noted_at: datetime
    number: int = 0
    """Counts up; given by the ledger."""


@dataclass(frozen=True, slots=True)
class RoutesVersion:
    """A text of `routes.toml` that came into force."""

    number: int
    digest: str
    """SHA-256 of the text."""
    text: str
    in_force_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What the router made of one image under one route, and why."""

    sop_instance_uid: str
    route: str
    """Empty where no route applies."""
    pipeline: str
    taken: bool
    reason: str
    job_id: str
    """Empty where the image was not taken."""
    decided_at: datetime
    version: str = ""
    """Of the instance; see there."""


@dataclass(frozen=True, slots=True)
class Job:
    """One pipeline to be run on one image, or on the images that belong together."""

    job_id: str
    study_instance_uid: str
    sop_instance_uids: tuple[str, ...]
    route: str
    pipeline: str
    send_to: tuple[str, ...]
    priority: Priority
    created_at: datetime
    run_at: datetime
    """Not before this moment."""
    state: JobState = JobState.QUEUED
    token: int = 0
    """Fencing: a write with an older token is void."""
    owner: str = ""
    lease_until: datetime | None = None
    failures: int = 0
    """Times it was tried and something outside was unavailable."""
    crashes: int = 0
    """Times the process that ran it died of it (a fault in native code, a time limit)."""
    losts: int = 0
    """Times the process that ran it vanished (killed, powered off)."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds per stage of the run that finished."""
    versions: tuple[str, ...] = ()
    """Of each instance, in their order; empty where all came first."""
    deadline: datetime | None = None
    """A run that lasts longer is taken from its owner, whatever his heart says."""
    waits: str = ""
    """Why it is not to run before `run_at`, where a route says so."""
    rerun: int = 0
    """0 for a job made when its study was first judged; n for the n-th set made after that."""
    routes_version: int = 0
    """Of the routes it was made under; 0 where unknown."""

    @property
    def version_of(self) -> Mapping[str, str]:
        """The version of each instance, by SOP Instance UID, in their order."""
        return dict(zip_longest(self.sop_instance_uids, self.versions, fillvalue=""))


@dataclass(frozen=True, slots=True)
class Result:
    """One object that a job made, and who is to have it; its bytes lie in the results spool."""

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    size: int
    kind: str
    """As destinations accept it, such as ``cad-sr``."""
    send_to: tuple[str, ...]
    is_failure: bool = False
    """It says that the study was not analysed: it is kept when a later one takes its place."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One result that a destination is to receive."""

    job_id: str
    sop_instance_uid: str
    sop_class_uid: str
    destination: str
    run_at: datetime
    """Not before this moment."""
    state: DeliveryState = DeliveryState.OWED
    attempts: int = 0
    error: str = ""
    sent_at: datetime | None = None
    owner: str = ""
    """The process that is sending it."""
    lease_until: datetime | None = None
    committed_at: datetime | None = None
    """When the destination committed itself to keep it: PS3.4 Annex J."""
    transaction_uid: str = ""
    """Of the request to commit to it; empty until it is asked."""
    is_original: bool = False
    """It is an image as it was received, and no result."""
    version: str = ""
    """Of the original: see `Instance`."""
    study_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class Original:
    """An image that is passed on as it was received."""

    instance: Instance
    send_to: tuple[str, ...]
    priority: Priority
    run_at: datetime
    """Not before this moment."""


class CommitmentState(StrEnum):
    """Where a storage commitment stands."""

    OPEN = "open"
    DONE = "done"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Commitment:
    """A request to commit to the storage of instances: PS3.4 Annex J."""

    transaction_uid: str
    peer: str
    """Asked by us: a destination's name; asked of us: the AE title that asked."""
    is_ours: bool
    """Whether we asked; otherwise a sender did, and is owed the report."""
    sop_class_uids: tuple[str, ...]
    sop_instance_uids: tuple[str, ...]
    created_at: datetime
    run_at: datetime
    """Not before this moment: the next try, or when an answer is overdue."""
    state: CommitmentState = CommitmentState.OPEN
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class UnfitWorker:
    """A worker process that lives and cannot work."""

    owner: str
    """As it would sign the jobs it holds."""
    device: str
    reason: str
    """Such as a network that computes wrongly on its device."""
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class WorkerPresence:
    """A worker process that was seen alive."""

    owner: str
    """As it signs the jobs it holds; see `service.worker.owner`."""
    device: str
    """Such as ``cpu`` or ``cuda:0``."""
    engines: tuple[str, ...]
    """Name and back end of those it has open, such as ``fsrcnn-x2 openvino-bf16``."""
    started_at: datetime
    seen_at: datetime
