"""Laterality and view of a mammogram in one word, such as ``RMLO`` or ``RCC+ID``.

What follows a ``+`` says what is special about it, in the words of PS3.16 CID 4015 (ACR MQCM 1999)
or, in capitals, what its header says besides.
"""

from dataclasses import dataclass

SPECIAL = {
    "399209000": "ID",
    "R-102D5": "ID",
    "399055006": "S",
    "R-102D7": "S",
    "399163009": "M",
    "R-102D6": "M",
    "399161006": "CV",
    "R-102D2": "CV",
    "399011000": "AT",
    "R-102D1": "AT",
    "399110001": "TAN",
    "R-102C2": "TAN",
    "399197002": "RL",
    "R-102D3": "RL",
    "399226006": "RM",
    "R-102D4": "RM",
    "414493004": "RI",
    "R-102CA": "RI",
    "415670009": "RS",
    "R-102C9": "RS",
}
"""By SNOMED code, of today and of before. Views that show the breast as usual are left out: the
nipple in profile, anterior compression, infra-mammary fold, axillary tissue."""
DISPLACED = "ID"
MAGNIFIED = "M"
IMPLANT = "IMPLANT"
"""The breast has an implant, which is where it was."""
PARTIAL = "PARTIAL"
"""It shows a part of a breast that is too large for one image: PS3.3 C.8.11.7, Partial View."""


@dataclass(frozen=True, slots=True)
class View:
    """A view of a breast."""

    side: str
    """``L`` or ``R``."""
    position: str
    """Such as ``MLO``."""
    special: frozenset[str] = frozenset()

    @property
    def plain(self) -> str:
        """Return side and position alone."""
        return self.side + self.position

    @property
    def is_usual(self) -> bool:
        """Return whether it shows a whole breast as it is, with an implant in it or without."""
        return not self.special - {IMPLANT}

    @property
    def is_displaced(self) -> bool:
        """Return whether it is a usual view but for an implant that was pushed aside."""
        return self.special - {IMPLANT} == {DISPLACED}

    @property
    def has_implant(self) -> bool:
        """Return whether it tells of an implant."""
        return bool(self.special & {IMPLANT, DISPLACED})


def word_of(view: View) -> str:
    """Return `view` in one word."""
    return "+".join([view.plain, *sorted(view.special)])


def view_of(word: str) -> View | None:
    """Return the view that `word` tells; None where there is none."""
    plain, *special = word.split("+")
    if plain[:1] not in {"L", "R"} or not plain[1:]:
        return None
    return View(plain[0], plain[1:], frozenset(special))
