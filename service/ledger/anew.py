"""A ledger that is made anew, and the files that an earlier one knew."""

from collections.abc import Iterable
from pathlib import Path

from service.errors import BadConfigurationError
from service.ledger.spool import KEPT


def must_be_empty(spools: Iterable[Path], ledger: str) -> None:
    """See that no file is kept in these folders, of which a new ledger would know nothing.

    Raises:
        BadConfigurationError: if one is.
    """
    for folder in spools:
        if next(folder.glob(KEPT), None) is not None:
            raise BadConfigurationError(
                f"the ledger {ledger} is new, but {folder} holds files: restore a backup "
                "(docs/backup.md), or move that folder away to begin anew"
            )
