"""The demo on one's own files, as they come."""

import subprocess
import sys

import pytest
from phantoms import mammogram, saved
from pydicom import dcmread

from service.delivery.files import send_files
from service.delivery.peer import Address
from service.demo.orthanc import find_orthanc
from service.demo.pacs import AE_TITLE, start_pacs


def test_a_demo_of_ones_own_files_tells_what_became_of_each(tmp_path):
    small = {"rows": 128, "columns": 96}
    cut = saved(mammogram("LMLO", **small), tmp_path)
    cut.write_bytes(cut.read_bytes()[:-1000])
    nameless = mammogram("RMLO", **small)
    del nameless.StudyInstanceUID
    files = [
        saved(mammogram("LCC", **small), tmp_path),
        saved(mammogram("RCC", intent="FOR PROCESSING", **small), tmp_path),
        cut,
        saved(nameless, tmp_path),
    ]

    told = demo(tmp_path / "demo", files)

    assert told.returncode == 0, told.stderr
    assert "LCC   super-resolved image" in told.stdout
    assert "RCC   nothing: " in told.stdout
    assert [path for path in files if f"not taken: {path}" in told.stdout] == files[2:]


@pytest.mark.parametrize("orthanc_is_there", [True, False])
def test_the_demos_pacs_gives_back_what_it_was_sent(tmp_path, orthanc_is_there):
    image = mammogram("LCC", rows=128, columns=96)
    file = saved(image, tmp_path)
    program = find_orthanc() if orthanc_is_there else None

    with start_pacs(tmp_path / "pacs", program) as pacs:
        address = Address(AE_TITLE, "127.0.0.1", pacs.dicom_port)
        (sent,) = send_files([file], address, "SENOSCOPE")
        back = dcmread(pacs.fetch(image.SOPInstanceUID, tmp_path))

    assert sent.ok
    assert back.PixelData == image.PixelData


def demo(keep, files):
    given = [word for file in files for word in ("--input", str(file))]
    command = [sys.executable, "-m", "service", "demo", "--keep", str(keep), *given]
    return subprocess.run(command, capture_output=True, text=True, check=False)
