"""What tests on a GPU need; where there is none they are skipped, which CI leaves out by marker."""

import pytest

from engines.backends.tensorrt.device import load_cuda, open_session
from engines.backends.tensorrt.target import gpu
from engines.engine import UnusableError


@pytest.fixture
def cuda():
    try:
        return load_cuda()
    except UnusableError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def session(cuda):
    return open_session(cuda, 0)


@pytest.fixture
def target(cuda):
    """Give the first GPU with TensorRT."""
    assert cuda
    try:
        return gpu(0)
    except UnusableError as reason:
        pytest.skip(str(reason))
