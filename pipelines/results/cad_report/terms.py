"""Concepts that SNOMED has two codes for: workstations from before 2019 know only the old ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom import Dataset

from pipelines.kinds import Kind
from pipelines.mammogram.attributes import items
from pipelines.results.codes import Code


@dataclass(frozen=True, slots=True)
class Term:
    """A concept, as SNOMED CT (SCT) and as SNOMED RT (SRT) code it."""

    sct: str
    srt: str
    meaning: str

    def code(self, form: Kind) -> Code:
        """Return its code as that form of the report has it."""
        if form is Kind.CAD_SR_SRT:
            return Code(self.srt, "SRT", self.meaning)
        return Code(self.sct, "SCT", self.meaning)


def stated(image: Dataset, keyword: str, terms: Iterable[Term]) -> list[tuple[Term, Dataset]]:
    """Return those of `terms` that a code sequence states, by either code, each with its item."""
    by_value = {value: term for term in terms for value in (term.sct, term.srt)}
    found = ((Code.of(item), item) for item in items(image, keyword))
    return [
        (by_value[code.value], item)
        for code, item in found
        if code is not None and code.value in by_value
    ]


MASS = Term("129793001", "F-01796", "Mammography breast density")
"""What CID 6014 calls a mass: a density that is seen. Breast density is another concept."""
AREA = Term("131184002", "G-A16A", "Area of defined region")

BREASTS = {
    "L": Term("80248007", "T-04030", "Left breast"),
    "R": Term("73056007", "T-04020", "Right breast"),
    "B": Term("63762007", "T-04080", "Both breasts"),
}
"""CID 6022."""

VIEWS = (
    Term("399260004", "R-10224", "medio-lateral"),
    Term("399368009", "R-10226", "medio-lateral oblique"),
    Term("399352003", "R-10228", "latero-medial"),
    Term("399099002", "R-10230", "latero-medial oblique"),
    Term("399162004", "R-10242", "cranio-caudal"),
    Term("399196006", "R-10244", "caudo-cranial (from below)"),
    Term("399188001", "R-102D0", "superolateral to inferomedial oblique"),
    Term("441555000", "R-40AAA", "inferomedial to superolateral oblique"),
    Term("399192008", "R-1024A", "cranio-caudal exaggerated laterally"),
    Term("399101009", "R-1024B", "cranio-caudal exaggerated medially"),
    Term("127457009", "G-8310", "tissue specimen from breast"),
)
"""CID 4014."""

VIEW_MODIFIERS = (
    Term("399161006", "R-102D2", "Cleavage"),
    Term("399011000", "R-102D1", "Axillary Tail"),
    Term("399197002", "R-102D3", "Rolled Lateral"),
    Term("399226006", "R-102D4", "Rolled Medial"),
    Term("414493004", "R-102CA", "Rolled Inferior"),
    Term("415670009", "R-102C9", "Rolled Superior"),
    Term("399209000", "R-102D5", "Implant Displaced"),
    Term("399163009", "R-102D6", "Magnification"),
    Term("399055006", "R-102D7", "Spot Compression"),
    Term("399110001", "R-102C2", "Tangential"),
    Term("442581004", "R-40AB3", "Nipple in profile"),
    Term("441752004", "P2-00161", "Anterior compression"),
    Term("442593008", "R-40ABE", "Infra-mammary fold"),
    Term("442580003", "R-40AB2", "Axillary tissue"),
)
"""CID 4015."""
