"""Whether a back end answers as the reference does: measured, and held against the card."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from engines.card import Card, Record, Tolerance
from engines.engine import AnswerError, Batch, Engine

HALF = 0.5
"""What parts a label from what lacks it."""


class Verification(Record):
    """How far an engine strayed from a reference, and whether its card tolerates that.

    `maximum` and `root_mean_square` are in units of the answer, `psnr` in dB of a range of 1,
    `agreement` is the share of images (or pixels) given the same class; None where there are none.
    """

    model_config = ConfigDict(ser_json_inf_nan="constants")  # else null, which cannot be read

    passed: bool
    reason: str
    against: str
    windows: int
    maximum: float
    root_mean_square: float
    psnr: float
    agreement: float | None = None


def compare(engine: Engine, reference: Engine, windows: Iterable[Batch]) -> Verification:
    """Run both on each of `windows`, and return how the first fares against its card."""
    tally = Tally()
    for window in windows:
        tally = tally.with_pair(engine(window), reference(window), engine.card)
    return tally.verdict(engine.card, reference.backend)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was seen so far of two engines' answers to the same windows."""

    windows: int = 0
    values: int = 0
    squares: float = 0.0
    maximum: float = 0.0
    judged: int = 0
    agreed: int = 0

    def with_pair(self, answer: Batch, wanted: Batch, card: Card) -> Self:
        """Return the tally with one more batch of answers."""
        if answer.shape != wanted.shape:
            raise AnswerError(f"answers {answer.shape}, the reference {wanted.shape}")
        strays = np.abs(answer.astype(np.float64) - wanted)
        same = decisions(answer, card) == decisions(wanted, card)
        return type(self)(
            self.windows + len(answer),
            self.values + answer.size,
            self.squares + float(np.square(strays).sum()),
            float(np.fmax(self.maximum, np.where(np.isnan(strays), np.inf, strays).max())),
            self.judged + same.size,
            self.agreed + int(same.sum()),
        )

    def verdict(self, card: Card, against: str) -> Verification:
        """Return what it comes to under that card."""
        mean_square = self.squares / max(1, self.values)
        found = Verification(
            passed=True,
            reason="",
            against=against,
            windows=self.windows,
            maximum=self.maximum,
            root_mean_square=float(np.sqrt(mean_square)),
            psnr=float(-10 * np.log10(max(mean_square, 1e-30))),
            agreement=self.agreed / self.judged if self.judged else None,
        )
        reason = intolerable(found, card)
        return found.model_copy(update={"passed": reason is None, "reason": reason or ""})


def intolerable(found: Verification, card: Card) -> str | None:
    """Return in which way `found` is beyond the card's tolerance, None if it is within."""
    return next(_faults(found, card.tolerance), None)


def _faults(found: Verification, allowed: Tolerance) -> Iterator[str]:
    if found.windows == 0:
        yield "nothing was compared"
    if not found.maximum <= allowed.maximum:
        yield f"strays by {found.maximum:.2g}, {allowed.maximum:.2g} is tolerated"
    if not found.root_mean_square <= allowed.root_mean_square:
        strayed, limit = found.root_mean_square, allowed.root_mean_square
        yield f"strays by {strayed:.2g} rms, {limit:.2g} is tolerated"
    if allowed.psnr is not None and not found.psnr >= allowed.psnr:
        yield f"PSNR is {found.psnr:.1f} dB, {allowed.psnr:.1f} is wanted"
    if allowed.agreement is not None and (found.agreement or 0) < allowed.agreement:
        yield f"{found.agreement or 0:.2%} get the same class, {allowed.agreement:.2%} must"


def decisions(answer: Batch, card: Card) -> NDArray[np.intp]:
    """Return what pipelines make of it: the class of an image, or whether a pixel has a label.

    Nothing of what enlarges images.
    """
    if card.task == "super-resolution":
        return np.empty(0, np.intp)
    if card.task == "segmentation" or answer.shape[1] == 1:
        return np.asarray(answer > HALF, np.intp)
    return np.asarray(answer.argmax(axis=1), np.intp)
