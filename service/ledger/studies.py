"""The ledger's studies in SQL."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from service.errors import RefusedError, UnknownError
from service.ledger import moves
from service.ledger.completions import Judged, add_completion, add_notice
from service.ledger.counting import add_counted
from service.ledger.deliveries import pass_on
from service.ledger.jobs import load_jobs, save_job
from service.ledger.records import Decision, Instance, Job, Refusal, Study
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import decisions, deliveries, instances, jobs, refusals, studies
from service.sample import Sample

SKIPPED = "senoscope_images_skipped_total"
_RECEIVED = sa.tuple_(instances.c.sop_instance_uid, instances.c.version)
_RECEIVED_ORDER = (instances.c.sop_instance_uid, instances.c.version)
_DECIDED = sa.tuple_(decisions.c.sop_instance_uid, decisions.c.version)


class SqlStudies(Part):
    """See `service.ledger.asked.studies.Studies`."""

    __slots__ = ()

    def undecided_studies(self) -> Sequence[Study]:
        """See Studies."""
        undecided = sa.select(instances.c.study_instance_uid).where(~instances.c.judged)
        chosen = studies.c.study_instance_uid.in_(undecided)
        with self.database.reading() as connection:
            return load_studies(
                connection, sa.select(studies).where(chosen).order_by(studies.c.first_received_at)
            )

    def study(self, study_instance_uid: str) -> Study:
        """See Studies."""
        chosen = studies.c.study_instance_uid == study_instance_uid
        with self.database.reading() as connection:
            found = load_studies(connection, sa.select(studies).where(chosen))
        if not found:
            raise UnknownError(f"no study {study_instance_uid} in the ledger")
        return found[0]

    def studies(self, limit: int = 100) -> Sequence[Study]:
        """See Studies."""
        newest = sa.select(studies).order_by(studies.c.last_received_at.desc()).limit(limit)
        with self.database.reading() as connection:
            return load_studies(connection, newest)

    def instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """See Studies."""
        with self.database.reading() as connection:
            return _instances(connection, instances.c.study_instance_uid == study_instance_uid)

    def undecided_instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """See Studies."""
        chosen = (instances.c.study_instance_uid == study_instance_uid) & ~instances.c.judged
        with self.database.reading() as connection:
            return _instances(connection, chosen)

    def decide(
        self,
        decisions: Sequence[Decision],
        jobs: Sequence[Job],
        seen: Collection[Instance] = (),
        judged: Judged | None = None,
    ) -> bool:
        """See Studies."""
        with self.database.writing() as connection:
            if _any_judged(connection, {(one.sop_instance_uid, one.version) for one in seen}):
                return False
            self._add_decisions(connection, decisions)
            self._add_jobs(connection, jobs)
            self._note(connection, judged)
            _judge(connection, {(one.sop_instance_uid, one.version) for one in decisions})
            add_counted(connection, self.database.insert, _skipped(decisions))
            return True

    def decisions(self, study_instance_uid: str) -> Sequence[Decision]:
        """See Studies."""
        of_study = _versions_in(instances.c.study_instance_uid == study_instance_uid)
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(*columns_of(decisions, Decision))
                .where(_DECIDED.in_(of_study))
                .order_by(decisions.c.decided_at, decisions.c.sop_instance_uid, decisions.c.route)
            )
            return records_of(Decision, rows)

    def ask_complete(self, study_instance_uid: str) -> None:
        """See Studies."""
        with self.database.writing() as connection:
            asked = connection.execute(
                studies.update()
                .where(studies.c.study_instance_uid == study_instance_uid)
                .values(complete_asked=True)
            )
        if asked.rowcount == 0:
            raise UnknownError(f"no study {study_instance_uid} in the ledger")

    def reopen(self, study_instance_uid: str) -> None:
        """See Studies."""
        of_study = instances.c.study_instance_uid == study_instance_uid
        with self.database.writing() as connection:
            reopened = connection.execute(instances.update().where(of_study).values(judged=False))
            if reopened.rowcount == 0:
                raise UnknownError(f"no study {study_instance_uid} in the ledger")
            gone = sa.select(sa.func.min(instances.c.removed_at))
            removed_at = connection.scalar(gone.where(of_study))
            if removed_at is not None:
                raise RefusedError(
                    f"images of study {study_instance_uid} are no longer kept, "
                    f"the first since {removed_at:%Y-%m-%d}: send them again, then ask again"
                )
            connection.execute(decisions.delete().where(_DECIDED.in_(_versions_in(of_study))))
            for job in load_jobs(connection, jobs.c.study_instance_uid == study_instance_uid):
                save_job(connection, moves.reopen(job, self.now()))
            mine = studies.c.study_instance_uid == study_instance_uid
            connection.execute(studies.update().where(mine).values(complete_asked=True))

    def study_counts(self) -> Mapping[str, int]:
        """See Studies."""
        undecided = sa.select(sa.func.count(instances.c.study_instance_uid.distinct())).where(
            ~instances.c.judged
        )
        with self.database.reading() as connection:
            everything = connection.scalar(sa.select(sa.func.count()).select_from(studies)) or 0
            receiving = connection.scalar(undecided) or 0
        return {"receiving": receiving, "judged": everything - receiving}

    def refusals(self, limit: int = 100) -> Sequence[Refusal]:
        """See Studies."""
        newest = sa.select(*columns_of(refusals, Refusal)).order_by(refusals.c.number.desc())
        with self.database.reading() as connection:
            return records_of(Refusal, connection.execute(newest.limit(limit)))

    def _add_decisions(self, connection: sa.Connection, added: Sequence[Decision]) -> None:
        if added:
            insert = self.database.insert(decisions)
            now_taken = insert.on_conflict_do_update(
                index_elements=list(decisions.primary_key),
                set_={
                    column: insert.excluded[column]
                    for column in ("taken", "reason", "job_id", "decided_at")
                },
                where=~decisions.c.taken & insert.excluded.taken,
            )
            connection.execute(now_taken, [values_of(decision) for decision in added])

    def _note(self, connection: sa.Connection, judged: Judged | None) -> None:
        if judged is None:
            return
        add_completion(connection, judged.completion)
        for notice in judged.notices:
            add_notice(connection, notice)
        for original in judged.originals:
            pass_on(connection, self.database.insert(deliveries), original, self.now())

    def _add_jobs(self, connection: sa.Connection, added: Sequence[Job]) -> None:
        if added:
            insert = self.database.insert(jobs).on_conflict_do_nothing()
            connection.execute(insert, [values_of(job) for job in added])


def _instances(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[Instance]:
    rows = connection.execute(
        sa.select(*columns_of(instances, Instance))
        .where(chosen)
        .order_by(instances.c.received_at, instances.c.sop_instance_uid)
    )
    return records_of(Instance, rows)


def _versions_in(chosen: sa.ColumnElement[bool]) -> sa.Select[tuple[str, str]]:
    return sa.select(instances.c.sop_instance_uid, instances.c.version).where(chosen)


def _skipped(decided: Iterable[Decision]) -> list[Sample]:
    """Return how many images each route did not process, by the reasons that are fixed words."""
    why = Counter((one.reason.partition(":")[0], one.route) for one in decided if not one.taken)
    return [
        Sample(SKIPPED, (("reason", reason), ("route", route)), count)
        for (reason, route), count in why.items()
    ]


def _any_judged(connection: sa.Connection, versions: set[tuple[str, str]]) -> bool:
    """Lock those (UID, version) against other routers; tell whether one had been judged before."""
    named = sa.select(instances.c.judged).where(_RECEIVED.in_(versions)).order_by(*_RECEIVED_ORDER)
    return any(connection.scalars(named.with_for_update()))


def _judge(connection: sa.Connection, versions: set[tuple[str, str]]) -> None:
    """Mark those (UID, version) as judged; a study asked to be complete is, when none is left."""
    named = _RECEIVED.in_(versions)
    connection.execute(instances.update().where(named).values(judged=True))
    touched = sa.select(instances.c.study_instance_uid).where(named)
    undecided = sa.select(instances.c.study_instance_uid).where(~instances.c.judged)
    connection.execute(
        studies.update()
        .where(
            studies.c.complete_asked,
            studies.c.study_instance_uid.in_(touched),
            studies.c.study_instance_uid.not_in(undecided),
        )
        .values(complete_asked=False)
    )


def load_studies(connection: sa.Connection, chosen: sa.Select[tuple[object, ...]]) -> list[Study]:
    """Return the chosen rows of `studies` with what their instances add to them."""
    rows = connection.execute(chosen).mappings().all()
    if not rows:
        return []
    uids = [row["study_instance_uid"] for row in rows]
    of_these = instances.c.study_instance_uid.in_(uids)
    counts = connection.execute(
        sa.select(
            instances.c.study_instance_uid,
            sa.func.count(instances.c.sop_instance_uid.distinct()).label("instances"),
            sa.func.sum(sa.case((instances.c.judged, 0), else_=1)).label("undecided"),
            sa.func.sum(sa.case((instances.c.version == "", 0), else_=1)).label("versions"),
        )
        .where(of_these)
        .group_by(instances.c.study_instance_uid)
    )
    counted = {uid: rest for uid, *rest in counts}
    views: defaultdict[str, set[str]] = defaultdict(set)
    columns = (instances.c.study_instance_uid, instances.c.view)
    for uid, view in connection.execute(sa.select(*columns).where(of_these).distinct()):
        views[uid] |= {view} - {""}
    return [
        Study(
            **row,
            instances=counted[uid][0],
            undecided=counted[uid][1],
            versions=counted[uid][2],
            views=tuple(sorted(views[uid])),
        )
        for uid, row in zip(uids, rows, strict=True)
    ]
