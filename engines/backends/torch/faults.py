"""What PyTorch raises, as the errors that engines know."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engines.engine import DeviceLostError, UnusableError

OF_THE_DEVICE = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "CUDNN_STATUS")
"""What PyTorch's messages say where a library of the device has failed."""


@contextmanager
def translated() -> Iterator[None]:
    """Let what fails inside raise what engines raise.

    Raises:
        UnusableError: the device has too little memory.
        DeviceLostError: the device has failed; in this process it computes no more.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UnusableError(f"too little memory on the device ({_first_line(error)})") from error
    except torch.AcceleratorError as error:
        raise DeviceLostError(_first_line(error)) from error
    except RuntimeError as error:
        if any(words in str(error) for words in OF_THE_DEVICE):
            raise DeviceLostError(_first_line(error)) from error
        raise


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
