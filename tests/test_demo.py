"""The demo on one's own files, as they come."""

import subprocess
import sys

from phantoms import mammogram, saved


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


def demo(keep, files):
    given = [word for file in files for word in ("--input", str(file))]
    command = [sys.executable, "-m", "service", "demo", "--keep", str(keep), *given]
    return subprocess.run(command, capture_output=True, text=True, check=False)
