"""The series of ours that results are filed in."""

from dataclasses import dataclass

from pydicom import Dataset

from pipelines.results.provenance import Origin


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of results: `name` keys their UIDs; a high number hangs behind what others made."""

    name: str
    number: int
    description: str


def file_in(series: Series, result: Dataset, origin: Origin, *parts: str) -> None:
    """State the series of `result`: one for each of what `parts` say."""
    result.SeriesInstanceUID = origin.uid(f"{series.name}-series", *parts)
    result.SeriesNumber, result.SeriesDescription = series.number, series.description
