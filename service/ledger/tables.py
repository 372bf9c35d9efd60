"""The tables of the ledger; `migrations` brings a database to this shape."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table
from typing_extensions import override

from service.ledger.notifying import Severity
from service.ledger.people import Role
from service.ledger.records import CommitmentState, DeliveryState, JobState, Priority


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, as seconds since 1970."""

    impl = sa.Double
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> float | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else value.timestamp()

    @override
    def process_result_value(self, value: float | None, dialect: sa.Dialect) -> datetime | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Words(sa.TypeDecorator[tuple[str, ...]]):
    """Words in their order."""

    impl = sa.JSON
    cache_ok = True

    @override
    def process_bind_param(
        self, value: Sequence[str] | None, dialect: sa.Dialect
    ) -> list[str] | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else list(value)

    @override
    def process_result_value(
        self, value: list[str] | None, dialect: sa.Dialect
    ) -> tuple[str, ...] | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else tuple(value)


class State(sa.TypeDecorator[StrEnum]):
    """One of the states of something."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, states: type[StrEnum]) -> None:
        super().__init__()
        self.states = states

    @override
    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else str(value)

    @override
    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else self.states(value)


class Lane(sa.TypeDecorator[Priority]):
    """A priority; the lowest is served first."""

    impl = sa.Integer
    cache_ok = True

    @override
    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else int(value)

    @override
    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Priority | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else Priority(value)


metadata = sa.MetaData()

studies = Table(
    "studies",
    metadata,
    Column("study_instance_uid", sa.Text, primary_key=True),
    Column("calling_ae_title", sa.Text, nullable=False),
    Column("first_received_at", Moment, nullable=False),
    Column("last_received_at", Moment, nullable=False),
    Column("complete_asked", sa.Boolean, nullable=False),
    Column("held", sa.Text, nullable=False),
    Index("studies_newest", "last_received_at"),
)

instances = Table(
    "instances",
    metadata,
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("sop_class_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("series_instance_uid", sa.Text, nullable=False),
    Column("transfer_syntax_uid", sa.Text, nullable=False),
    Column("calling_ae_title", sa.Text, nullable=False),
    Column("view", sa.Text, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("digest", sa.Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("version", sa.Text, primary_key=True),
    Column("removed_at", Moment),
    Column("judged", sa.Boolean, nullable=False),
    Index("instances_of_study", "study_instance_uid"),
)
Index(
    "instances_undecided",
    instances.c.study_instance_uid,
    sqlite_where=sa.text("judged = 0"),
    postgresql_where=sa.text("NOT judged"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("calling_ae_title", sa.Text, nullable=False),
    Column("sop_instance_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("status", sa.Integer, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("refused_at", Moment, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("route", sa.Text, primary_key=True),
    Column("pipeline", sa.Text, primary_key=True),
    Column("taken", sa.Boolean, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("job_id", sa.Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("version", sa.Text, primary_key=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", sa.Text, primary_key=True),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("sop_instance_uids", Words, nullable=False),
    Column("route", sa.Text, nullable=False),
    Column("pipeline", sa.Text, nullable=False),
    Column("send_to", Words, nullable=False),
    Column("priority", Lane, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("state", State(JobState), nullable=False),
    Column("token", sa.BigInteger, nullable=False),
    Column("owner", sa.Text, nullable=False),
    Column("lease_until", Moment),
    Column("failures", sa.Integer, nullable=False),
    Column("crashes", sa.Integer, nullable=False),
    Column("losts", sa.Integer, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("error", sa.Text, nullable=False),
    Column("stages", sa.JSON, nullable=False),
    Column("versions", Words, nullable=False),
    Column("deadline", Moment),
    Column("woken_at", Moment),
    Column("waits", sa.Text, nullable=False),
    Column("rerun", sa.Integer, nullable=False),
    Column("routes_version", sa.Integer, nullable=False),
    Index("jobs_next", "state", "priority", "run_at"),
    Index("jobs_oldest", "state", "run_at"),
    Index("jobs_finished", "state", "finished_at"),
    Index("jobs_of_study", "study_instance_uid"),
    Index("jobs_newest", "created_at"),
)

results = Table(
    "results",
    metadata,
    Column("job_id", sa.Text, primary_key=True),
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("sop_class_uid", sa.Text, nullable=False),
    Column("series_instance_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("transfer_syntax_uid", sa.Text, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("kind", sa.Text, nullable=False),
    Column("send_to", Words, nullable=False),
    Column("is_failure", sa.Boolean, nullable=False),
    Column("removed_at", Moment),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("sop_instance_uid", sa.Text, primary_key=True),
    Column("destination", sa.Text, primary_key=True),
    Column("job_id", sa.Text, nullable=False),
    Column("sop_class_uid", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("priority", Lane, nullable=False),
    Column("owed_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("state", State(DeliveryState), nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("error", sa.Text, nullable=False),
    Column("sent_at", Moment),
    Column("owner", sa.Text, nullable=False),
    Column("lease_until", Moment),
    Column("committed_at", Moment),
    Column("transaction_uid", sa.Text, nullable=False),
    Column("is_original", sa.Boolean, nullable=False),
    Column("version", sa.Text, nullable=False),
    Index("deliveries_next", "state", "destination", "priority", "owed_at"),
    Index("deliveries_of_study", "study_instance_uid"),
    Index("deliveries_newest", "owed_at"),
)

commitments = Table(
    "commitments",
    metadata,
    Column("transaction_uid", sa.Text, primary_key=True),
    Column("peer", sa.Text, primary_key=True),
    Column("is_ours", sa.Boolean, nullable=False),
    Column("sop_class_uids", Words, nullable=False),
    Column("sop_instance_uids", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("state", State(CommitmentState), nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("error", sa.Text, nullable=False),
    Index("commitments_next", "state", "is_ours", "run_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("owner", sa.Text, primary_key=True),
    Column("device", sa.Text, nullable=False),
    Column("engines", Words, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("role", State(Role), nullable=False),
    Column("password", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("password_at", Moment, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", sa.Text, primary_key=True),
    Column("user", sa.Text, nullable=False),
    Column("address", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("sessions_of_user", "user"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("digest", sa.Text, primary_key=True),
    Column("user", sa.Text, nullable=False),
    Column("label", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("api_tokens_of_user", "user", "label", unique=True),
)

audit = Table(
    "audit",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", sa.Text, nullable=False),
    Column("role", sa.Text, nullable=False),
    Column("address", sa.Text, nullable=False),
    Column("action", sa.Text, nullable=False),
    Column("object", sa.Text, nullable=False),
    Column("outcome", sa.Text, nullable=False),
    Index("audit_who", "who", "number"),
)

completions = Table(
    "completions",
    metadata,
    Column("study_instance_uid", sa.Text, primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("completed_at", Moment, nullable=False),
    Column("reason", sa.Text, nullable=False),
    Column("missing", Words, nullable=False),
    Column("images", sa.Integer, nullable=False),
    Column("jobs", sa.Integer, nullable=False),
    Column("rerun", sa.Integer, nullable=False),
    Column("routes_version", sa.Integer, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("kind", sa.Text, nullable=False),
    Column("study_instance_uid", sa.Text, nullable=False),
    Column("told", sa.Text, nullable=False),
    Column("noted_at", Moment, nullable=False),
)

routes_versions = Table(
    "routes_versions",
    metadata,
    Column("number", sa.Integer, primary_key=True, autoincrement=True),
    Column("digest", sa.Text, nullable=False),
    Column("text", sa.Text, nullable=False),
    Column("in_force_at", Moment, nullable=False),
)

routes_drafts = Table(
    "routes_drafts",
    metadata,
    Column("user", sa.Text, primary_key=True),
    Column("text", sa.Text, nullable=False),
    Column("base", sa.Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

tellings = Table(
    "tellings",
    metadata,
    Column("channel", sa.Text, primary_key=True),
    Column("key", sa.Text, primary_key=True),
    Column("severity", State(Severity), nullable=False),
    Column("what", sa.Text, nullable=False),
    Column("over", sa.Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("newest", Moment),
    Column("told_at", Moment),
    Column("times", sa.Integer, nullable=False),
    Column("gone_at", Moment),
)

messages = Table(
    "messages",
    metadata,
    Column("channel", sa.Text, primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("message_id", sa.Text, nullable=False),
    Column("subject", sa.Text, nullable=False),
    Column("points", sa.JSON, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("error", sa.Text, nullable=False),
    Column("sent_at", Moment),
    Column("lease_until", Moment),
)
