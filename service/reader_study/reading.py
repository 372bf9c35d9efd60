"""How far a reader is, and what a case looks like to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

from service.reader_study.answers import Answer, Answers
from service.reader_study.criteria import CRITERIA, SCORES, Criterion
from service.reader_study.session import Session

Given = Literal[1, 2, 3, 4, 5] | None
Place = Literal["left", "right"]
PLACES: tuple[Place, Place] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: what it says, the key that presses it, and whether it was pressed."""

    key: str
    meaning: str
    is_pressed: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A criterion as it is asked."""

    criterion: Criterion
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Reading:
    """One reader at work."""

    session: Session
    answers: Answers
    now: Callable[[], datetime]

    @property
    def cases(self) -> int:
        """How many there are."""
        return len(self.session.keys)

    @property
    def names(self) -> tuple[str, str]:
        """What the places are called: a blinded reader is not told which is which."""
        return ("Left", "Right") if self.session.blinded else ("Original", "Super-resolved")

    @property
    def answered(self) -> int:
        """How many questions were answered, of all."""
        return len(self.answers.last)

    @property
    def total(self) -> int:
        """How many questions there are."""
        return self.cases * len(CRITERIA)

    def answered_of(self, number: int) -> int:
        """Return how many questions about that case were answered."""
        return sum(case == number for case, _ in self.answers.last)

    def open_cases(self) -> list[int]:
        """Return the cases with questions that are still open."""
        every = range(1, self.cases + 1)
        return [number for number in every if self.answered_of(number) < len(CRITERIA)]

    def answer(self, number: int, criterion: str, given: Given) -> None:
        """Keep an answer; it is on the disk when this returns."""
        score = None if given is None else self.session.turned(number, given)
        left = self.session.left[number - 1]
        self.answers.add(
            Answer.model_validate(
                {
                    "case": number,
                    "criterion": criterion,
                    "score": score,
                    "given": given,
                    "left": left,
                    "at": self.now(),
                }
            )
        )

    def groups(self, number: int) -> Iterator[tuple[str, list[Question]]]:
        """Yield the questions about that case in the order of the paper, those alike together."""
        for group, criteria in groupby(CRITERIA, key=lambda one: one.group):
            yield group, [self._question(number, one) for one in criteria]

    def meanings(self) -> dict[str, str]:
        """Return what each key says."""
        first, second = (name.lower() for name in self.names)
        said = (
            f"{first} strongly preferred",
            f"{first} preferred",
            "no difference",
            f"{second} preferred",
            f"{second} strongly preferred",
        )
        told = {str(score): meaning for score, meaning in zip(SCORES, said, strict=True)}
        return {**told, "n": "not readable"}

    def _question(self, number: int, criterion: Criterion) -> Question:
        last = self.answers.last.get((number, criterion.key))
        pressed = "" if last is None else str(last.given or "n")
        choices = (Choice(key, said, key == pressed) for key, said in self.meanings().items())
        return Question(criterion, tuple(choices))
