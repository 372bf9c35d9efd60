"""Every error this node raises on purpose.

NodeError
├── RefusedError       the object or the request is wrong: trying again cannot help
│   ├── BadObjectError
│   ├── BadConfigurationError
│   ├── WrongUsageError
│   └── UnknownError
└── UnavailableError   something outside is down or full: trying again may help
    └── SpoolFullError
"""

import difflib
from collections.abc import Iterable


class NodeError(Exception):
    """Base of all errors raised on purpose."""


class RefusedError(NodeError):
    """Trying again cannot help."""


class UnavailableError(NodeError):
    """Trying again may help."""


class BadObjectError(RefusedError):
    """What was sent is no DICOM object we can keep; the message says why."""


class BadConfigurationError(RefusedError):
    """A setting or a route is wrong; the message names the file, the key and the remedy."""


class WrongUsageError(RefusedError):
    """A command was given what does not go together or cannot be read; it exits with 2."""


class UnknownError(RefusedError):
    """No such study, job or delivery in the ledger."""


class SpoolFullError(UnavailableError):
    """The spool's disk has no room."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message: which of `known` is most like `word`; nothing if none is."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
