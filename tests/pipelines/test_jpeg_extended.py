import subprocess

import numpy as np
import pytest
from phantoms import mammogram
from pydicom import dcmread
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit
from reread import written

from pipelines.mammogram.jpeg_extended import register
from pipelines.mammogram.read import read

ROUNDING = 1
"""Inverse transforms may round otherwise by one (T.81 A.3.3)."""


def by_dcmtk(path, folder):
    plain = folder / "plain.dcm"
    subprocess.run(["dcmdjpeg", str(path), str(plain)], check=True, capture_output=True)
    return dcmread(plain).pixel_array.astype(int)


@pytest.mark.parametrize(("bits", "syntax"), [(8, JPEGBaseline8Bit), (12, JPEGExtended12Bit)])
def test_jpeg_of_8_and_12_bits_is_decoded_as_dcmtk_does(bits, syntax, tmp_path):
    path = tmp_path / "coded.dcm"
    path.write_bytes(written(mammogram(bits_stored=bits, transfer_syntax=syntax)))

    pixels = read(dcmread(path)).pixels.astype(int)

    assert np.abs(pixels - by_dcmtk(path, tmp_path)).max() <= ROUNDING


def test_real_mammograms_in_jpeg_extended_are_decoded_as_dcmtk_does(dicom_files, tmp_path):
    coded = [path for path in dicom_files if transfer_syntax(path) == JPEGExtended12Bit]
    assert coded
    for path in coded:
        pixels = read(dcmread(path)).pixels.astype(int)

        assert np.abs(pixels - by_dcmtk(path, tmp_path)).max() <= ROUNDING


def test_registering_twice_changes_nothing():
    register()
    image = mammogram(transfer_syntax=JPEGExtended12Bit)

    assert image.pixel_array.shape == (image.Rows, image.Columns)


def transfer_syntax(path):
    return dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
