"""What is asked of whoever imports a network, where nothing else says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer

from engines.card import Task
from engines.importing.foreign import UnsaidError
from engines.importing.process import Bounds, try_out
from engines.importing.statement import UNSTATED, Stated, unsaid, wish_of, with_options
from engines.importing.wish import Activation, Found, Layout
from service.errors import RefusedError

WISHES = ("output", "layout", "activation")
"""Options that say how the file is to be understood; what is shelved needs them no more."""
QUESTIONS: Mapping[str, str] = {
    "task": f"What does it do ({', '.join(get_args(Task))})",
    "labels": "What do its answers stand for, in their order, with commas between",
    "licence": "Under which licence are the weights and the images they were trained on",
    "tile": "Side of the images it was trained on, in pixels",
    "halo": "How many pixels it sees to each side",
    "activation": f"What makes probabilities of its answers ({', '.join(get_args(Activation))})",
    "layout": f"What its axes are ({', '.join(get_args(Layout))})",
    "output": "Which output",
}
"""What is asked for where neither the options, nor the card, nor the file say it."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks people, where there are any, for what nothing else says."""

    is_allowed: bool
    takes_defaults: bool

    def completed(self, stated: Stated) -> Stated:
        """Return what is stated, completed with what a card must say.

        Raises:
            RefusedError: something is missing, and nobody can be asked.
        """
        while option := next(unsaid(stated), None):
            if option == "licence" and self.takes_defaults:
                answer: Any = UNSTATED
            else:
                answer = self._answer(option, f"not said: --{option}")
            stated = with_options(stated, {option: answer})
        return stated

    def tried(
        self, file: Path, stated: Stated, wishes: Mapping[str, Any], bounds: Bounds
    ) -> tuple[Stated, Found, bytes]:
        """Return what is stated, what was found, and the weights as the shelf wants them.

        Raises:
            ForeignError: the network is refused.
        """
        try:
            return stated, *try_out(file, wish_of(stated, wishes), bounds)
        except UnsaidError as error:
            if not self.is_allowed:
                raise
            answer = {error.field: self._answer(error.field, str(error))}
            if error.field in WISHES:
                return self.tried(file, stated, {**wishes, **answer}, bounds)
            return self.tried(file, with_options(stated, answer), wishes, bounds)

    def _answer(self, option: str, why: str) -> Any:  # noqa: ANN401 - as options have it
        question = QUESTIONS[option]
        if not self.is_allowed:
            raise RefusedError(f"{why}. {question}?")
        answer = str(typer.prompt(f"{question}?"))
        return labels_of(answer) if option == "labels" else answer


def labels_of(said: str) -> list[dict[str, str]]:
    """Return the labels that are said with commas between."""
    return [{"name": one.strip().lower()} for one in said.split(",") if one.strip()]
