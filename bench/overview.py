"""How long the console's first pages take with much in the ledger.

Usage: ``python bench/overview.py [--studies N]``; it fills a ledger of its own, in SQLite.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service.ledger.records import DeliveryState, JobState, Priority
from service.ledger.sql import SqlLedger, open_ledger
from service.ledger.standing import Search, StudyState
from service.ledger.tables import deliveries, instances, jobs, studies

NOW = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
VIEWS = ("RCC", "LCC", "RMLO", "LMLO")
TIMES = 7


def main() -> None:
    """Print the median of some tries for each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100_000)
    count = parser.parse_args().studies
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}", lambda: NOW)
        fill(ledger, count)
        print(f"{count} studies of 4 images, a job and a delivery for each")
        for name, question in questions(ledger).items():
            print(f"{name:32} {1000 * median_s(question):8.1f} ms")
        ledger.close()


def questions(ledger: SqlLedger) -> dict[str, Callable[[], object]]:
    """Return what the pages ask, by name."""
    asked: dict[str, Callable[[], object]] = {
        "overview": ledger.overview,
        "studies, newest 50": lambda: ledger.found_studies(Search()),
        "studies, by beginning of UID": lambda: ledger.found_studies(Search("2.25.99")),
        "jobs, newest 50": lambda: ledger.found_jobs(Search()),
        "deliveries, newest 50": lambda: ledger.found_deliveries(Search()),
    }
    for state in StudyState:
        search = Search(state=state)
        asked[f"studies that are {state}"] = lambda search=search: ledger.found_studies(search)
    return asked


def median_s(question: Callable[[], object]) -> float:
    """Return how long it takes, in seconds."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        question()
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[TIMES // 2]


def fill(ledger: SqlLedger, count: int) -> None:
    """Write down so many studies: one in a thousand failed, the last few are under way."""
    for table, rows in (
        (studies, _studies(count)),
        (instances, _instances(count)),
        (jobs, _jobs(count)),
        (deliveries, _deliveries(count)),
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


def _at(number: int) -> datetime:
    """Return when that study came: one every five minutes, the first the newest."""
    return NOW - timedelta(minutes=5 * number)


def _studies(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "study_instance_uid": f"2.25.{number}",
            "calling_ae_title": "MAMMO1",
            "first_received_at": _at(number),
            "last_received_at": _at(number),
            "complete_asked": False,
            "held": "",
        }


def _instances(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
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
                "received_at": _at(number),
                "version": "",
                "removed_at": None,
                "judged": number > 2,  # noqa: PLR2004 - the newest are not
            }


def _jobs(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        state = JobState.DEAD if number % 1000 == 0 else JobState.DONE
        yield {
            "job_id": f"{number:064x}",
            "study_instance_uid": f"2.25.{number}",
            "sop_instance_uids": [f"2.25.{number}.{place}" for place in range(4)],
            "route": "screening",
            "pipeline": "cad",
            "send_to": ["pacs"],
            "priority": Priority.ROUTINE,
            "created_at": _at(number),
            "run_at": _at(number),
            "state": JobState.QUEUED if number < 20 else state,  # noqa: PLR2004
            "token": 1,
            "owner": "",
            "failures": 0,
            "crashes": 0,
            "losts": 0,
            "started_at": _at(number),
            "finished_at": _at(number),
            "error": "",
            "stages": {"read": 0.5, "find": 2.0, "write": 0.2},
            "versions": [],
            "waits": "",
            "rerun": 0,
            "routes_version": 1,
        }


def _deliveries(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "sop_instance_uid": f"2.25.{number}.99",
            "destination": "pacs",
            "job_id": f"{number:064x}",
            "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.50",
            "study_instance_uid": f"2.25.{number}",
            "priority": Priority.ROUTINE,
            "owed_at": _at(number),
            "run_at": _at(number),
            "state": DeliveryState.OWED if number < 30 else DeliveryState.SENT,  # noqa: PLR2004
            "attempts": 1,
            "error": "",
            "sent_at": _at(number),
            "owner": "",
            "transaction_uid": "",
            "is_original": False,
            "version": "",
        }


if __name__ == "__main__":
    main()
