"""How long what is not done yet has waited, in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from service.ledger.records import DeliveryState, JobState
from service.ledger.rows import Part
from service.ledger.tables import deliveries, instances, jobs, studies


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds that the oldest of each kind has waited; 0 where nothing waits."""

    study: float
    """Since the oldest image came that the router has not judged; held studies do not count."""
    jobs: Mapping[str, float]
    """``queued``: since the oldest job that is due came due. ``running``: since it began."""
    deliveries: Mapping[str, float]
    """Since the oldest delivery was owed, for each destination that is owed any."""


class Waits(Protocol):
    """What is asked of who waits."""

    def ages(self) -> Ages:
        """Return how long the oldest of what is not done has waited."""
        ...


class SqlAges(Part):
    """See `Waits`."""

    __slots__ = ()

    def ages(self) -> Ages:
        """See Waits."""
        now = self.now()
        queued = (jobs.c.state == JobState.QUEUED) & (jobs.c.run_at <= now)
        held = sa.select(studies.c.study_instance_uid).where(studies.c.held != "")
        unjudged = ~instances.c.judged & instances.c.study_instance_uid.not_in(held)
        owed = (
            sa.select(deliveries.c.destination, _first(deliveries.c.owed_at))
            .where(deliveries.c.state == DeliveryState.OWED)
            .group_by(deliveries.c.destination)
        )

        def age(since: datetime | None) -> float:
            return 0.0 if since is None else max(0.0, (now - since).total_seconds())

        with self.database.reading() as connection:
            return Ages(
                age(connection.scalar(sa.select(_first(instances.c.received_at)).where(unjudged))),
                {
                    "queued": age(
                        connection.scalar(sa.select(_first(jobs.c.run_at)).where(queued))
                    ),
                    "running": age(
                        connection.scalar(
                            sa.select(_first(jobs.c.started_at)).where(
                                jobs.c.state == JobState.RUNNING
                            )
                        )
                    ),
                },
                {name: age(since) for name, since in connection.execute(owed)},
            )


def _first(moment: "sa.Column[Any]") -> sa.ColumnElement[Any]:
    return sa.type_coerce(sa.func.min(moment), moment.type)
