"""How long who asks the database waits for it, and beside how many others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long who asks waits, in seconds, and beside how many others."""

    turn_s: float
    """For others of this node, of the same process and then of another, that came before."""
    lock_s: float
    """For SQLite, where somebody else has locked it."""
    connect_s: int
    """For PostgreSQL to take a connection."""
    answer_s: float | None = None
    """For PostgreSQL to answer; None: as long as it takes."""
    connections: int = 25
    """To PostgreSQL, at a time and of a process; who comes when all are in use waits a turn."""


USUAL = Patience(turn_s=30, lock_s=30, connect_s=10)
"""Of who does the node's work: it waits rather than to do it once more."""
DEED = Patience(turn_s=30, lock_s=30, connect_s=10, answer_s=30, connections=5)
"""Of who does something by hand: they wait rather than that it is done and nobody noted it."""
QUICK = Patience(turn_s=1.5, lock_s=2, connect_s=2, answer_s=2.5, connections=10)
"""Of who only asks, and can ask again: whoever opens a page, a probe of readiness."""
