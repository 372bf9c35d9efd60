"""From where a mammogram shows the breast (PS3.16 CID 4014), and what images are ordered by."""

from collections.abc import Mapping

from pydicom import Dataset

from pipelines.mammogram.attributes import text
from pipelines.mammogram.view import view_codes
from pipelines.results.codes import Term, stated
from pipelines.results.derived_image import side_of
from pipelines.results.legal import instance_number

VIEWS: Mapping[str, Term] = {
    "ML": Term("399260004", "R-10224", "medio-lateral"),
    "MLO": Term("399368009", "R-10226", "medio-lateral oblique"),
    "LM": Term("399352003", "R-10228", "latero-medial"),
    "LMO": Term("399099002", "R-10230", "latero-medial oblique"),
    "CC": Term("399162004", "R-10242", "cranio-caudal"),
    "FB": Term("399196006", "R-10244", "caudo-cranial (from below)"),
    "SIO": Term("399188001", "R-102D0", "superolateral to inferomedial oblique"),
    "ISO": Term("441555000", "R-40AAA", "inferomedial to superolateral oblique"),
    "XCCL": Term("399192008", "R-1024A", "cranio-caudal exaggerated laterally", ("Y-X1770",)),
    "XCCM": Term("399101009", "R-1024B", "cranio-caudal exaggerated medially", ("Y-X1771",)),
}
"""By the words of View Position (ACR MQCM 1999, as in CID 4014)."""
SPECIMEN = Term("127457009", "G-8310", "tissue specimen from breast")
EXAGGERATED = Term("399265009", "R-102CF", "cranio-caudal exaggerated")
"""It was in CID 4014 once, and no result may state it any more."""
KNOWN: Mapping[str, Term] = {**VIEWS, "XCC": EXAGGERATED}

OBLIQUE = tuple(KNOWN[word] for word in ("MLO", "LMO"))
UPRIGHT = tuple(KNOWN[word] for word in ("CC", "FB", "XCCL", "XCCM", "XCC"))
SIDES = ("L", "R")
"""What some write before the word."""
BREASTS = "LRB"
"""In their order; images of none come last."""


def mammographic_view(image: Dataset) -> Term | None:
    """Return the view of a mammogram, None where it states none that a result may state.

    It is that of its View Code Sequence; where there is none, View Position says it in a word.
    """
    view = _view(image)
    return None if view is EXAGGERATED else view


def is_oblique(image: Dataset) -> bool | None:
    """Return whether an image shows the breast as a medio-lateral oblique view does.

    Such a view has the pectoral muscle in a corner, one from above or below has not. Other views,
    from the side or across the muscle, may have some of it: of these, and where no view is stated,
    nothing is known.
    """
    view = _view(image)
    return True if view in OBLIQUE else False if view in UPRIGHT else None


def order_of(image: Dataset) -> tuple[int, str, int, str]:
    """Return what the images of a study are ordered by: the breast, the view, the number."""
    side, view = side_of(image), mammographic_view(image)
    return (
        BREASTS.index(side) if side and side in BREASTS else len(BREASTS),
        view.meaning if view else text(image, "ViewPosition"),
        instance_number(image),
        text(image, "SOPInstanceUID"),
    )


def _view(image: Dataset) -> Term | None:
    if view_codes(image):
        found = stated(image, "ViewCodeSequence", (*KNOWN.values(), SPECIMEN))
        return next((term for term, _ in found), None)
    word = text(image, "ViewPosition").upper()
    return KNOWN.get(word) or (KNOWN.get(word[1:]) if word.startswith(SIDES) else None)
