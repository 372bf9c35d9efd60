"""PIQE before and after as a Measurement Report (PS3.16 TID 1500)."""

from pydicom import Dataset

from pipelines.kinds import Kind
from pipelines.results.codes import PRIVATE_SCHEME, Code, dcm
from pipelines.results.content import CONTAINS, measured
from pipelines.results.measurement_report import Group, measurement_report
from pipelines.results.provenance import Origin
from pipelines.results.series import Series

SERIES = Series("quality", 9203, "AI image quality RESEARCH")
DECIMALS = 3

PIQE = Code("PIQE", PRIVATE_SCHEME, "PIQE no-reference quality score")
NO_UNITS = Code("1", "UCUM", "no units")


def quality_report(
    result: Dataset, before: float, after: float, origin: Origin, form: Kind
) -> Dataset:
    """Return the PIQE of the source of `origin` and of the `result` made from it."""
    groups = [
        _group(origin.source, "PIQE before", before, origin),
        _group(result, "PIQE after", after, origin),
    ]
    scores = (f"{before:.{DECIMALS}f}", f"{after:.{DECIMALS}f}")
    outcome = [str(result.SOPInstanceUID), *scores]
    return measurement_report(SERIES, [result], groups, origin, outcome, form)


def _group(image: Dataset, identifier: str, score: float, origin: Origin) -> Group:
    return Group(
        image,
        identifier,
        tracking=(),
        finding=dcm("111101", "Image Quality"),
        algorithm=("PIQE (Venkatanath 2015)", origin.product.version),
        measurements=[measured(CONTAINS, PIQE, round(score, DECIMALS), NO_UNITS)],
    )
