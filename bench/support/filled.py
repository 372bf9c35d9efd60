"""A ledger with much in it: studies of four images, a job and a delivery for each."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.ledger.records import DeliveryState, JobState, Priority
from service.ledger.sql import SqlLedger
from service.ledger.tables import deliveries, instances, jobs, studies

VIEWS = ("RCC", "LCC", "RMLO", "LMLO")
Rows = Iterator[dict[str, Any]]


def fill(ledger: SqlLedger, count: int) -> None:
    """Write down so many studies: one in a thousand failed, the last few are under way.

    One came every five minutes, the first the newest.
    """
    now = ledger.now()
    came = [now - timedelta(minutes=5 * number) for number in range(count)]
    for table, rows in (
        (studies, _studies(came)),
        (instances, _instances(came)),
        (jobs, _jobs(came)),
        (deliveries, _deliveries(came)),
    ):
        with ledger.database.writing() as connection:
            batch: list[dict[str, Any]] = []
            for row in rows:
                batch.append(row)
                if len(batch) == 10_000:  # noqa: PLR2004 - a batch
                    connection.execute(sa.insert(table), batch)
                    batch.clear()
            if batch:
                connection.execute(sa.insert(table), batch)


def _studies(came: list[datetime]) -> Rows:
    for number, at in enumerate(came):
        yield {
            "study_instance_uid": f"2.25.{number}",
            "calling_ae_title": "MAMMO1",
            "first_received_at": at,
            "last_received_at": at,
            "complete_asked": False,
            "held": "",
        }


def _instances(came: list[datetime]) -> Rows:
    for number, at in enumerate(came):
        for place, view in enumerate(VIEWS):
            yield {
                "sop_instance_uid": f"2.25.{number}.{place}",
                "sop_class_uid": "1.2.840.10008.5.1.4.1.1.1.2",
                "study_instance_uid": f"2.25.{number}",
                "series_instance_uid": f"2.25.{number}.9",
                "transfer_syntax_uid": "1.2.840.10008.1.2.1",
                "calling_ae_title": "MAMMO1",
                "view": view,
                "size": 27_000_000,
                "digest": "0" * 32,
                "received_at": at,
                "version": "",
                "removed_at": None,
                "judged": number > 2,  # noqa: PLR2004 - the newest are not
            }


def _jobs(came: list[datetime]) -> Rows:
    for number, at in enumerate(came):
        state = JobState.DEAD if number % 1000 == 0 else JobState.DONE
        yield {
            "job_id": f"{number:064x}",
            "study_instance_uid": f"2.25.{number}",
            "sop_instance_uids": [f"2.25.{number}.{place}" for place in range(4)],
            "route": "screening",
            "pipeline": "cad",
            "send_to": ["pacs"],
            "priority": Priority.ROUTINE,
            "created_at": at,
            "run_at": at,
            "state": JobState.QUEUED if number < 20 else state,  # noqa: PLR2004
            "token": 1,
            "owner": "",
            "failures": 0,
            "crashes": 0,
            "losts": 0,
            "started_at": at,
            "finished_at": at,
            "error": "",
            "stages": {"read": 0.5, "find": 2.0, "write": 0.2},
            "versions": [],
            "waits": "",
            "rerun": 0,
            "routes_version": 1,
        }


def _deliveries(came: list[datetime]) -> Rows:
    for number, at in enumerate(came):
        yield {
            "sop_instance_uid": f"2.25.{number}.99",
            "destination": "pacs",
            "job_id": f"{number:064x}",
            "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.50",
            "study_instance_uid": f"2.25.{number}",
            "priority": Priority.ROUTINE,
            "owed_at": at,
            "run_at": at,
            "state": DeliveryState.OWED if number < 30 else DeliveryState.SENT,  # noqa: PLR2004
            "attempts": 1,
            "error": "",
            "sent_at": at,
            "owner": "",
            "transaction_uid": "",
            "is_original": False,
            "version": "",
        }
