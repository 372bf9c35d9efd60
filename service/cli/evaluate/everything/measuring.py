"""Parts are made one after another, and what goes wrong with one does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engines.card import CardError
from engines.engine import UnusableError
from service.cli.evaluate.everything.chapter import Chapter, Results
from service.cli.evaluate.everything.parts import Done, Failed, Keeper, Missing, Part, Watch

Begin = Callable[[Part[Any]], Watch]
"""Called before a part; what it returns is called after each of its steps."""


def measured(
    chapters: Sequence[Chapter], keeper: Keeper, folder: Path, begin: Begin
) -> Iterator[Results]:
    """Yield what was measured of each chapter, and what was not."""
    for chapter in chapters:
        found = [
            one if isinstance(one, Missing) else _made(one, keeper, begin) for one in chapter.parts
        ]
        yield Results(
            done=[one for one in found if isinstance(one, Done)],
            missing=[one for one in found if isinstance(one, Missing)],
            failed=[one for one in found if isinstance(one, Failed)],
            folder=folder,
        )


def _made(part: Part[Any], keeper: Keeper, begin: Begin) -> Done[Any] | Failed:
    try:
        return keeper.done(part, begin(part))
    except (CardError, UnusableError, OSError, ValueError) as error:
        return Failed(part.name, f"{type(error).__name__}: {error}")
