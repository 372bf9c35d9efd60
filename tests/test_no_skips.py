import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPED = """
import pytest

@pytest.mark.skip(reason="no time")
def test_a(): ...

@pytest.mark.gpu
@pytest.mark.skip(reason="no device")
def test_b(): ...

def test_c(): ...
"""


@pytest.mark.parametrize(
    ("ci", "counts"), [("", "1 passed, 2 skipped"), ("true", "1 passed, 1 skipped, 1 error")]
)
def test_a_skipped_test_fails_in_ci_unless_it_needs_a_gpu(ci, counts, tmp_path):
    (tmp_path / "test_skipped.py").write_text(SKIPPED)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = gpu: needs a device\n")
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(Path(__file__).parent)}  # noqa: TID251
    command = [sys.executable, "-m", "pytest", "-p", "no_skips", "-q"]

    told = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert counts in told.stdout
    assert told.returncode == bool(ci)
