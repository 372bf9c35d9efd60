"""The ledger's canaries in SQL: one at a time, and nothing is left of their studies."""

from collections.abc import Callable, Sequence
from typing import Protocol

import sqlalchemy as sa

from service.ledger.canary import AE_TITLE, CanaryRun
from service.ledger.records import Instance, Result
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import (
    canaries,
    completions,
    decisions,
    deliveries,
    instances,
    jobs,
    notices,
    refusals,
    results,
    studies,
    turnarounds,
)

KEPT = 200
"""Rows of canaries that ended."""
_OPEN = 1
"""The place of the one that is under way: there is but one."""
_OF_STUDIES = (
    notices,
    turnarounds,
    completions,
    deliveries,
    results,
    jobs,
    instances,
    studies,
)


class Canaries(Protocol):
    """What is written down of canaries."""

    def begin_canary(self, run: CanaryRun) -> bool:
        """Write `run` down as the one under way; return whether it is: there is one at a time."""
        ...

    def end_canary(self, run: CanaryRun) -> CanaryRun:
        """Write down that `run` ended, and return it with the counts of all up to it."""
        ...

    def open_canary(self) -> CanaryRun | None:
        """Return the one under way."""
        ...

    def last_canary(self) -> CanaryRun | None:
        """Return the one that ended last."""
        ...

    def forget_canaries(
        self, remove_image: Callable[[Instance], None], remove_result: Callable[[Result], None]
    ) -> int:
        """Remove all of the studies of canaries but of the one under way; return how many.

        Their bytes are removed by what is given, before their rows.
        """
        ...


class SqlCanaries(Part):
    """See `Canaries`."""

    __slots__ = ()

    def begin_canary(self, run: CanaryRun) -> bool:
        """See Canaries."""
        late = canaries.update().where(canaries.c.until < self.now()).values(place=None)
        insert = self.database.insert(canaries).values(**_values(run), place=_OPEN)
        with self.database.writing() as connection:
            connection.execute(late)
            begun = insert.on_conflict_do_nothing(index_elements=[canaries.c.place])
            return bool(connection.execute(begun).rowcount)

    def end_canary(self, run: CanaryRun) -> CanaryRun:
        """See Canaries."""
        mine = canaries.c.study_instance_uid == run.study_instance_uid
        with self.database.writing() as connection:
            ended = run.after(_last(connection))
            values = {**_values(ended), "place": None}
            connection.execute(canaries.update().where(mine).values(**values))
            newest = sa.select(sa.func.max(canaries.c.number)).scalar_subquery()
            connection.execute(canaries.delete().where(canaries.c.number <= newest - KEPT))
        return ended

    def open_canary(self) -> CanaryRun | None:
        """See Canaries."""
        here = sa.select(*columns_of(canaries, CanaryRun)).where(canaries.c.place == _OPEN)
        with self.database.reading() as connection:
            return next(iter(records_of(CanaryRun, connection.execute(here))), None)

    def last_canary(self) -> CanaryRun | None:
        """See Canaries."""
        with self.database.reading() as connection:
            return _last(connection)

    def forget_canaries(
        self, remove_image: Callable[[Instance], None], remove_result: Callable[[Result], None]
    ) -> int:
        """See Canaries."""
        with self.database.reading() as connection:
            left = connection.scalars(_left()).all()
        for study in left:
            self._forget(study, remove_image, remove_result)
        with self.database.writing() as connection:
            connection.execute(refusals.delete().where(refusals.c.calling_ae_title == AE_TITLE))
        return len(left)

    def _forget(
        self,
        study: str,
        remove_image: Callable[[Instance], None],
        remove_result: Callable[[Result], None],
    ) -> None:
        """Let the bytes go first, in no transaction: whoever writes would wait for the disk."""
        images, made = self._bytes_of(study)
        for image in images:
            remove_image(image)
        for result in made:
            remove_result(result)
        uids = [image.sop_instance_uid for image in images]
        with self.database.writing() as connection:
            connection.execute(decisions.delete().where(decisions.c.sop_instance_uid.in_(uids)))
            for table in _OF_STUDIES:
                connection.execute(table.delete().where(table.c.study_instance_uid == study))

    def _bytes_of(self, study: str) -> tuple[Sequence[Instance], Sequence[Result]]:
        came = sa.select(*columns_of(instances, Instance))
        made = sa.select(*columns_of(results, Result))
        with self.database.reading() as connection:
            return (
                records_of(
                    Instance,
                    connection.execute(came.where(instances.c.study_instance_uid == study)),
                ),
                records_of(
                    Result, connection.execute(made.where(results.c.study_instance_uid == study))
                ),
            )


def _left() -> sa.Select[str]:
    """Choose the studies that came by nobody but canaries, and are not of the one under way."""
    now = sa.select(canaries.c.study_instance_uid).where(canaries.c.place == _OPEN)
    others = sa.exists().where(
        instances.c.study_instance_uid == studies.c.study_instance_uid,
        instances.c.calling_ae_title != AE_TITLE,
    )
    return sa.select(studies.c.study_instance_uid).where(
        studies.c.calling_ae_title == AE_TITLE,
        studies.c.study_instance_uid.not_in(now),
        ~others,
    )


def _last(connection: sa.Connection) -> CanaryRun | None:
    ended = sa.select(*columns_of(canaries, CanaryRun)).where(canaries.c.finished_at.is_not(None))
    found = connection.execute(ended.order_by(canaries.c.number.desc()).limit(1))
    return next(iter(records_of(CanaryRun, found)), None)


def _values(run: CanaryRun) -> dict[str, object]:
    values = values_of(run)
    del values["number"]
    return values
