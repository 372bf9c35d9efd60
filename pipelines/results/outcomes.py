"""How the analysis of images ended, as reports code it."""

from collections.abc import Sequence

from pipelines.results.codes import Code, dcm
from pipelines.results.lesions import Reading

ALL_WITH = dcm("111242", "All algorithms succeeded; with findings")
ALL_WITHOUT = dcm("111241", "All algorithms succeeded; without findings")
SOME_WITH = dcm("111244", "Not all algorithms succeeded; with findings")
SOME_WITHOUT = dcm("111243", "Not all algorithms succeeded; without findings")
NONE = dcm("111245", "No algorithms succeeded; without findings")
"""CID 6047."""


def outcome_of(readings: Sequence[Reading]) -> Code:
    """Return how far readings came, and whether there are findings among them."""
    if all(reading.failure for reading in readings):
        return NONE
    any_found = any(reading.findings for reading in readings)
    if any(reading.failure for reading in readings):
        return SOME_WITH if any_found else SOME_WITHOUT
    return ALL_WITH if any_found else ALL_WITHOUT
