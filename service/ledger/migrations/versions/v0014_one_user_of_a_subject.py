"""One person who signs in elsewhere is one user."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_USERS = sa.table("users", sa.column("name"), sa.column("created_at"), sa.column("subject"))
_THEIRS = ("sessions", "api_tokens", "routes_drafts")


def upgrade() -> None:
    """Take the step; of several users that one person became, the first is kept."""
    first = _USERS.alias()
    is_earlier = (first.c.created_at < _USERS.c.created_at) | (
        (first.c.created_at == _USERS.c.created_at) & (first.c.name < _USERS.c.name)
    )
    same = sa.exists().where(first.c.subject == _USERS.c.subject, is_earlier)
    later = sa.select(_USERS.c.name).where(_USERS.c.subject != "", same)
    names = op.get_bind().scalars(later).all()
    for name in _THEIRS:
        table = sa.table(name, sa.column("user"))
        op.execute(table.delete().where(table.c.user.in_(names)))
    op.execute(_USERS.delete().where(_USERS.c.name.in_(names)))
    op.create_index(
        "users_subject",
        "users",
        ["subject"],
        unique=True,
        sqlite_where=sa.text("subject != ''"),
        postgresql_where=sa.text("subject != ''"),
    )
