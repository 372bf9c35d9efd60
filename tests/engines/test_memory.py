import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests/memory_of_enlarging.py"
MEGAPIXELS = {4: 2048, 16: 4096, 64: 8192}
"""Rows, and as many columns, of images of so many megapixels."""


def beyond_the_images(rows, *how):
    """Return the bytes that it takes to enlarge an image, the image and its answer apart."""
    command = [sys.executable, SCRIPT, ROOT / "models", str(rows), *how]
    return int(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)


def test_memory_stays_constant_as_the_image_grows():
    taken = {size: beyond_the_images(rows) for size, rows in MEGAPIXELS.items()}

    assert taken[4] > 0
    assert taken[16] < 1.1 * taken[4], taken
    assert taken[64] < 1.1 * taken[4], taken


def test_memory_that_grows_with_the_image_would_be_noticed():
    few, many = (beyond_the_images(MEGAPIXELS[size], "keeping") for size in (4, 16))

    assert many > 1.1 * few
