"""Files with random bytes in their headers: refused, or read; never anything else."""

from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from doubling import context, results_of
from phantoms import mammogram, picture
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from reread import written

from pipelines.errors import CannotProcessError
from pipelines.mammogram.attributes import UNREADABLE
from pipelines.super_resolution import SuperResolution

PIXEL_DATA = b"\xe0\x7f\x10\x00"
FILES = [
    written(mammogram(rows=48, columns=32)),
    written(mammogram(rows=48, columns=32, photometric="MONOCHROME1", padding=True)),
    written(picture("CT", rows=48, columns=48, signed=True, bits_stored=16)),
]


def garbled(file, random):
    """Return `file` with some bytes of its data set, up to the pixels, put at random."""
    spoilt, end = bytearray(file), file.rindex(PIXEL_DATA) + 12
    for _ in range(random.integers(1, 12)):
        spoilt[random.integers(350, end)] = random.integers(256)
    return bytes(spoilt)


@pytest.mark.parametrize("file", FILES, ids=["MG", "MG-MONOCHROME1", "CT"])
@pytest.mark.filterwarnings("ignore")
def test_a_garbled_header_is_refused_or_read_but_nothing_else(file):
    random, job, done = np.random.default_rng(2026), context(), 0

    for _ in range(150):
        try:
            image = dcmread(BytesIO(garbled(file, random)))
        except (*UNREADABLE, InvalidDicomError, RecursionError):
            continue  # the listener's business
        if SuperResolution().skips(image) is None:
            with suppress(CannotProcessError):
                done += len(
                    [written(result) for result in results_of(SuperResolution(), image, job)]
                )

    assert done
