"""Connections to PostgreSQL on which nobody waits for ever.

PostgreSQL ends what takes too long by itself. On a server that is frozen nothing does: its host
acknowledges what is sent, so that no time limit of TCP runs out either.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from typing_extensions import override

T = TypeVar("T")
LATER = 1.2
"""By so much longer is the server waited for than it may take: then it says itself what it was."""


class SilentError(psycopg.OperationalError):
    """The server did not answer in time."""


class Impatient(psycopg.Connection[Any]):
    """Is closed when an answer takes longer than `answer_s` seconds."""

    answer_s = float("inf")

    @override
    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        """Return what comes of `gen`, which speaks with the server.

        Raises:
            SilentError: if that takes too long.
        """
        try:
            return super().wait(_within(gen, self.answer_s), *args, **kwargs)
        except SilentError:
            self.close()
            raise


def make_impatient(engine: sa.Engine, answer_s: float) -> None:
    """Let no statement by `engine` take longer, be it that the server is slow or silent."""

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> Impatient:  # noqa: ANN401 SQLAlchemy's
        connection = Impatient.connect(*args, **parameters)
        connection.answer_s = answer_s * LATER
        return connection

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {answer_s * 1000:.0f}")


def _within(gen: Generator[Any, Any, T], seconds: float) -> Generator[Any, Any, T]:
    """Go through `gen`, which is asked again every so often whether there is an answer or not."""
    until = monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and monotonic() > until:
                raise SilentError(f"timeout expired: no answer for {seconds:.1f} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
