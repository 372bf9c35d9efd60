"""Table 1 of Honjo 2022: who was looked at."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service.reader_study.cases import Case
from service.reader_study.strata import ordered
from service.reader_study.tables import Cell, Table, said_mean

COUNTED = {
    "views": "views",
    "morphology": "morphology",
    "distribution": "distribution",
    "birads": "BI-RADS category",
    "density": "density",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: how many of how many, or a mean and its deviation."""

    what: str
    value: str
    number: int
    of: int
    mean: float | None = None
    deviation: float | None = None


def lines(cases: Sequence[Case]) -> Iterator[Line]:
    """Yield the age of patients, then how many cases there are of each kind.

    A patient counts once; where a case names none, it is a patient of its own.
    """
    patients = {one.patient or f"case {number}": one for number, one in enumerate(cases)}
    yield Line("cases", "", len(cases), len(cases))
    yield Line("patients", "", len(patients), len(patients))
    ages = [one.age for one in patients.values() if one.age is not None]
    if ages:
        deviation = float(np.std(ages, ddof=1)) if len(ages) > 1 else None
        yield Line("age", "", len(ages), len(patients), float(np.mean(ages)), deviation)
    for name, title in COUNTED.items():
        found = Counter(str(getattr(one, name)) for one in cases)
        for value in ordered(set(found)):
            yield Line(title, value, found[value], len(cases))
        if found[""] and len(found) > 1:
            yield Line(title, "not stated", found[""], len(cases))


def table(found: Sequence[Line]) -> Table:
    """Return the table."""
    return Table(
        "patients",
        "Patients and cases",
        ("", "number", "share"),
        tuple(_said(one) for one in found),
        ("what", "value", "number", "of", "mean", "sd"),
        tuple(_values(one) for one in found),
    )


def _said(one: Line) -> tuple[str, ...]:
    name = f"{one.what}: {one.value}" if one.value else one.what
    if one.mean is not None:
        return (f"{name}, mean ± SD ({one.number} known)", said_mean(one.mean, one.deviation), "")
    share = f"{one.number / one.of:.0%}" if one.value else ""
    return name, str(one.number), share


def _values(one: Line) -> tuple[Cell, ...]:
    return one.what, one.value, one.number, one.of, one.mean, one.deviation
