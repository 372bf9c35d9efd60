"""Which images an object speaks of."""

from collections.abc import Iterable, Iterator

from pydicom import Dataset

from pipelines.mammogram.attributes import items, text


def uids(references: Iterable[Dataset]) -> list[str]:
    """Return the SOP Instance UIDs that items refer to, each once."""
    return list(dict.fromkeys(text(one, "ReferencedSOPInstanceUID") for one in references))


def listed(thing: Dataset, keyword: str) -> Iterator[Dataset]:
    """Yield the references to instances, in a sequence `keyword`, of all referenced series."""
    for series in items(thing, "ReferencedSeriesSequence"):
        yield from items(series, keyword)
