"""A database all of whose reading and writing is part of one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from typing_extensions import override

from service.ledger.database import Database
from service.ledger.group_commit import T, Work


class Joined(Database):
    """What is written by it is written when the transaction ends, all of it or nothing."""

    def __init__(self, database: Database, transaction: sa.Connection) -> None:
        """Read and write in that transaction of `database`."""
        super().__init__(database.url.render_as_string(hide_password=False))
        self._transaction = transaction

    @override
    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """See Database."""
        yield self._transaction

    @override
    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """See Database."""
        yield self._transaction

    @override
    def together(self, work: Work[T]) -> T:
        """See Database."""
        return work(self._transaction)
