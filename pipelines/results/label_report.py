"""One number for each label of a network as a Measurement Report (PS3.16 TID 1500)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from engines.card import Label
from pipelines.kinds import Kind
from pipelines.mammogram.attributes import text
from pipelines.results.codes import LONGEST_MEANING, PERCENT, PRIVATE_SCHEME, Code, code_of, dcm
from pipelines.results.content import CONTAINS, measured
from pipelines.results.measurement_report import Group, measurement_report
from pipelines.results.provenance import Origin
from pipelines.results.series import Series

DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Measure:
    """What the number of each label says."""

    series: Series
    concept: Code


PROBABILITY = Measure(
    Series("classes", 9204, "AI classification RESEARCH"), dcm("111012", "Certainty of Finding")
)
SHARE = Measure(
    Series("segments", 9205, "AI segmented share RESEARCH"),
    Code("SHARE", PRIVATE_SCHEME, "Share of the image that is segmented"),
)


def label_report(
    measure: Measure,
    shares: Mapping[Label, float],
    results: Sequence[Dataset],
    origin: Origin,
    form: Kind,
) -> Dataset:
    """Return the report of `shares`, 0..1 for each label, on the source of `origin`."""
    percents = {label: round(100 * share, DECIMALS) for label, share in shares.items()}
    card = origin.card
    groups = [
        Group(
            origin.source,
            label.name[:LONGEST_MEANING],
            tracking=(measure.series.name, label.name),
            finding=code_of(label),
            algorithm=(card.name, card.version, f"weights sha256 {card.sha256}"),
            measurements=[measured(CONTAINS, measure.concept, percent, PERCENT)],
        )
        for label, percent in percents.items()
    ]
    source = text(origin.source, "SOPInstanceUID")
    outcome = [source, *(f"{percent:.{DECIMALS}f}" for percent in percents.values())]
    return measurement_report(measure.series, results, groups, origin, outcome, form)
