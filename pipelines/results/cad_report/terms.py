"""Concepts of CAD reports that SNOMED has two codes for."""

from pipelines.results.codes import Term

MASS = Term("129793001", "F-01796", "Mammography breast density")
"""What CID 6014 calls a mass: a density that is seen. Breast density is another concept."""
AREA = Term("131184002", "G-A16A", "Area of defined region")

BREASTS = {
    "L": Term("80248007", "T-04030", "Left breast"),
    "R": Term("73056007", "T-04020", "Right breast"),
    "B": Term("63762007", "T-04080", "Both breasts"),
}
"""CID 6022."""

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
