"""The only place that says how a job or a delivery may move."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from service.errors import RefusedError
from service.ledger.records import Delivery, DeliveryState, Job, JobState


class JobEvent(StrEnum):
    """What can happen to a job."""

    CLAIMED = "claimed"
    FINISHED = "finished"
    REFUSED = "refused"
    PUT_OFF = "put off"
    GIVEN_UP = "given up"
    CRASHED = "crashed"
    LOST = "lost"
    PARKED = "parked"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    REOPENED = "reopened"


class DeliveryEvent(StrEnum):
    """What can happen to a delivery."""

    ACKNOWLEDGED = "acknowledged"
    POSTPONED = "postponed"
    PARKED = "parked"
    RETRIED = "retried"
    UNCOMMITTED = "not committed"
    RESENT = "sent again"


JOB_TRANSITIONS: Mapping[tuple[JobState, JobEvent], JobState] = {
    (JobState.QUEUED, JobEvent.CLAIMED): JobState.RUNNING,
    (JobState.QUEUED, JobEvent.CANCELLED): JobState.CANCELLED,
    (JobState.RUNNING, JobEvent.FINISHED): JobState.DONE,
    (JobState.RUNNING, JobEvent.REFUSED): JobState.DEAD,
    (JobState.RUNNING, JobEvent.PUT_OFF): JobState.QUEUED,
    (JobState.RUNNING, JobEvent.GIVEN_UP): JobState.DEAD,
    (JobState.RUNNING, JobEvent.CRASHED): JobState.QUEUED,
    (JobState.RUNNING, JobEvent.LOST): JobState.QUEUED,
    (JobState.RUNNING, JobEvent.PARKED): JobState.PARKED,
    (JobState.RUNNING, JobEvent.CANCELLED): JobState.CANCELLED,
    (JobState.DEAD, JobEvent.RETRIED): JobState.QUEUED,
    (JobState.PARKED, JobEvent.RETRIED): JobState.QUEUED,
    (JobState.CANCELLED, JobEvent.RETRIED): JobState.QUEUED,
    (JobState.DONE, JobEvent.REOPENED): JobState.QUEUED,
    (JobState.DEAD, JobEvent.REOPENED): JobState.QUEUED,
    (JobState.PARKED, JobEvent.REOPENED): JobState.QUEUED,
    (JobState.CANCELLED, JobEvent.REOPENED): JobState.QUEUED,
}

DELIVERY_TRANSITIONS: Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (DeliveryState.OWED, DeliveryEvent.ACKNOWLEDGED): DeliveryState.SENT,
    (DeliveryState.OWED, DeliveryEvent.POSTPONED): DeliveryState.OWED,
    (DeliveryState.OWED, DeliveryEvent.PARKED): DeliveryState.PARKED,
    (DeliveryState.OWED, DeliveryEvent.RETRIED): DeliveryState.OWED,
    (DeliveryState.PARKED, DeliveryEvent.RETRIED): DeliveryState.OWED,
    (DeliveryState.PARKED, DeliveryEvent.ACKNOWLEDGED): DeliveryState.SENT,
    (DeliveryState.SENT, DeliveryEvent.UNCOMMITTED): DeliveryState.OWED,
    (DeliveryState.SENT, DeliveryEvent.PARKED): DeliveryState.PARKED,
    (DeliveryState.SENT, DeliveryEvent.RESENT): DeliveryState.OWED,
    (DeliveryState.OWED, DeliveryEvent.RESENT): DeliveryState.OWED,
    (DeliveryState.PARKED, DeliveryEvent.RESENT): DeliveryState.OWED,
}


def advance(job: Job, event: JobEvent) -> Job:
    """Return `job` in the state that `event` brings it to.

    Raises:
        RefusedError: if a job in this state cannot meet this event.
    """
    try:
        state = JOB_TRANSITIONS[job.state, event]
    except KeyError:
        raise RefusedError(f"job {job.job_id} is {job.state}: it cannot be {event}") from None
    return replace(job, state=state)


def advance_delivery(delivery: Delivery, event: DeliveryEvent) -> Delivery:
    """Return `delivery` in the state that `event` brings it to.

    Raises:
        RefusedError: if a delivery in this state cannot meet this event.
    """
    try:
        state = DELIVERY_TRANSITIONS[delivery.state, event]
    except KeyError:
        name = f"delivery of {delivery.sop_instance_uid} to {delivery.destination}"
        raise RefusedError(f"{name} is {delivery.state}: it cannot be {event}") from None
    return replace(delivery, state=state)
