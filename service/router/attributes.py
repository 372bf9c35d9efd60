"""Where in a header a condition looks: keywords of PS3.6, through sequences."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

PATIENT_GROUP = 0x0010
META_GROUP = 0x0002
NUMBERS = frozenset(["DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"])
"""Value representations that have a least and a greatest."""
BULK = frozenset(["AT", "OB", "OD", "OF", "OL", "OV", "OW", "UN"])
"""Value representations that no condition can look at."""
CODED = NUMBERS | {"CS", "UI"}
"""Value representations that hold no free text."""
SEQUENCE = "SQ"
OR = " or "
"""Between value representations of which the pixels decide: ``US or SS``."""
DEEPEST = 8

KEYWORDS = tuple(str(entry[4]) for entry in DicomDictionary.values())
_STEP = re.compile(r"(?P<keyword>[A-Za-z0-9]+)(\[(?P<index>[0-9]{1,4})\])?")


class NoKeywordError(ValueError):
    """There is no such keyword in PS3.6; finding out which was meant is left to who tells of it."""

    def __init__(self, part: str) -> None:
        super().__init__(f"no such DICOM keyword: {part!r}")
        self.keyword = part.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Step:
    """One keyword of a path."""

    keyword: str
    index: int | None
    """Of the item or value that counts, from 0; None: any of them."""
    tag: int
    vr: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute, by the way to it."""

    path: str
    """As it is written."""
    steps: tuple[Step, ...]

    @property
    def vr(self) -> str:
        """Its value representation."""
        return self.steps[-1].vr

    @property
    def is_number(self) -> bool:
        """Whether it has a least and a greatest."""
        return _is_of(self.vr, NUMBERS)

    @property
    def has_one_value(self) -> bool:
        """Whether a header that keeps to the standard has at most one value of it."""
        *sequences, last = self.steps
        several = any(step.index is None for step in sequences)
        return not several and (last.index is not None or dictionary_VM(last.tag) == "1")

    @property
    def may_tell_of_a_patient(self) -> bool:
        """Whether its values are free text, or of the patient."""
        of_patient = any(step.tag >> 16 == PATIENT_GROUP for step in self.steps)
        return of_patient or not _is_of(self.vr, CODED)


@lru_cache(maxsize=1024)
def parse_attribute(path: str) -> Attribute:
    """Return the attribute written as ``Keyword``, ``Sequence.Keyword`` or ``Sequence[0].Keyword``.

    Raises:
        ValueError: if there is none.
    """
    steps = tuple(_step(part) for part in path.split("."))
    for step in steps[:-1]:
        if step.vr != SEQUENCE:
            raise ValueError(f"{step.keyword} is no sequence: nothing can be looked up in it")
    if not BULK.isdisjoint(steps[-1].vr.split(OR)):
        raise ValueError(f"a sequence or bulk data: no condition can look at {steps[-1].keyword}")
    if len(steps) > DEEPEST:
        raise ValueError(f"more than {DEEPEST} keywords, one in the other")
    return Attribute(path, steps)


def _step(part: str) -> Step:
    found = _STEP.fullmatch(part)
    tag = tag_for_keyword(found["keyword"]) if found else None
    if found is None or tag is None:
        raise NoKeywordError(part)
    index = int(found["index"]) if found["index"] else None
    return Step(found["keyword"], index, tag, dictionary_VR(tag))


def _is_of(vr: str, known: Collection[str]) -> bool:
    return all(one in known for one in vr.split(OR))
