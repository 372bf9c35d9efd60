"""What a C-STORE is answered with, read off the code that answers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import service.errors
from service.errors import NodeError
from service.intake import identity, part, source, statuses, structure, taking
from service.ledger import database, disk, receive, spool

MODULES = (identity, part, source, taking, structure, receive, spool, disk, database)
"""Where what a sender is told is worded."""
READS = "cannot read"
"""How errors of reading what was kept begin: no sender waits for them."""
NO_DATA_SET = "the C-STORE request has no data set"


def comments() -> dict[int, list[str]]:
    """Return for each status the Error Comments that it may come with, ``...`` for what varies."""
    found: dict[int, list[str]] = {statuses.CANNOT_UNDERSTAND: [NO_DATA_SET]}
    for kind, said in _errors():
        found.setdefault(statuses.status_of(kind("")), []).append(said)
    return {status: sorted(set(said)) for status, said in sorted(found.items())}


def _errors() -> Iterator[tuple[type[NodeError], str]]:
    """Yield the type and the words of each error that the modules make."""
    for module in MODULES:
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[said, *_]):
                    kind, words = _kind(name), _words(said)
                    if kind is not None and words and not words.startswith(READS):
                        yield kind, words


def _kind(name: str) -> type[NodeError] | None:
    kind = getattr(service.errors, name, None) or getattr(statuses, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, NodeError) else None


def _words(said: ast.expr) -> str:
    """Return a text as it is written, and ``...`` where a value goes in."""
    match said:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr(values=parts):
            return "".join(_words(one) or "..." for one in parts)
    return ""
