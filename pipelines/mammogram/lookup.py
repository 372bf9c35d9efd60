"""Look-up tables of the Modality LUT and the VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipelines.mammogram.attributes import numbers, values

MOST_ENTRIES = 1 << 16
OUTPUT_BITS = range(8, 17)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Entry i is the output for the input `first` + i; inputs beyond take the nearest entry."""

    first: int
    bits: int
    entries: NDArray[np.uint16]

    def __call__(self, inputs: NDArray[np.generic]) -> NDArray[np.uint16]:
        """Return the output for each of `inputs`."""
        index = np.rint(inputs).astype(np.int64) - self.first
        outputs: NDArray[np.uint16] = self.entries[np.clip(index, 0, len(self.entries) - 1)]
        return outputs


def lookup(item: Dataset, *, signed: bool, little_endian: bool) -> Lookup | None:
    """Return the table of a LUT item, None when it is broken; `signed` as Pixel Representation."""
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != len(("entries", "first", "bits")):
        return None
    count, first, bits = (int(value) for value in descriptor)
    count = count % MOST_ENTRIES or MOST_ENTRIES
    if signed and first >= MOST_ENTRIES // 2:
        first -= MOST_ENTRIES
    entries = _entries(item, count, little_endian=little_endian)
    if entries is None or bits not in OUTPUT_BITS:
        return None
    return Lookup(first, bits, np.minimum(entries, (1 << bits) - 1).astype(np.uint16))


def _entries(item: Dataset, count: int, *, little_endian: bool) -> NDArray[np.uint16] | None:
    found = values(item, "LUTData")
    if len(found) == 1 and isinstance(found[0], bytes):
        words = "<u2" if little_endian else ">u2"
        kind = words if len(found[0]) >= 2 * count else "u1"
        size = len(found[0]) // np.dtype(kind).itemsize
        data = np.frombuffer(found[0], kind, size).astype(np.uint16)
    else:
        data = np.array(numbers(item, "LUTData"), np.int64).astype(np.uint16)
    return data[:count] if len(data) >= count else None
