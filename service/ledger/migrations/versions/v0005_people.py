"""Users, sessions, tokens of the API, the audit trail, and the newest jobs and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("password_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("sessions_of_user", "sessions", ["user"])
    op.create_table(
        "api_tokens",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("api_tokens_of_user", "api_tokens", ["user", "label"], unique=True)
    op.create_index("jobs_newest", "jobs", ["created_at"])
    op.create_index("deliveries_newest", "deliveries", ["owed_at"])
    _audit()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("audit_who", "audit", ["who", "number"])
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _FOR_POSTGRESQL if on_postgresql else _FOR_SQLITE:
        op.execute(statement)


_SAID = "the audit trail is only added to"
_FOR_SQLITE = [
    f"CREATE TRIGGER audit_no_{deed} BEFORE {deed} ON audit "
    f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    for deed in ("UPDATE", "DELETE")
]
_FOR_POSTGRESQL = [
    f"""CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$""",
    """CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()""",
]
