"""When bytes of the spool may go, said in SQL."""

from datetime import datetime

import sqlalchemy as sa

from service.ledger.asked.retention import Past
from service.ledger.bytes_owed import is_done
from service.ledger.tables import instances, jobs, results, studies


def image_may_go(past: Past) -> sa.ColumnElement[bool]:
    """Say in SQL that nobody needs the bytes of an image any more."""
    came = sa.select(studies.c.study_instance_uid).where(
        studies.c.last_received_at < past.before, _is_meant(studies.c.study_instance_uid, past)
    )
    return sa.and_(
        instances.c.removed_at.is_(None),
        came_last() < past.before,
        instances.c.study_instance_uid.in_(came),
        is_done(instances.c.study_instance_uid, past.committing),
    )


def came_last() -> sa.ColumnElement[datetime]:
    """Say in SQL when an image came last, be it that its bytes were here already."""
    return sa.func.coalesce(instances.c.sent_again_at, instances.c.received_at)


def result_may_go(past: Past) -> sa.ColumnElement[bool]:
    """Say in SQL that nobody needs the bytes of a result any more."""
    ended = sa.select(jobs.c.job_id).where(
        jobs.c.finished_at < past.before, _is_meant(jobs.c.study_instance_uid, past)
    )
    return sa.and_(
        results.c.removed_at.is_(None),
        results.c.job_id.in_(ended),
        is_done(results.c.study_instance_uid, past.committing),
    )


def _is_meant(study: sa.ColumnElement[str], past: Past) -> sa.ColumnElement[bool]:
    return study == past.study if past.study else sa.true()
