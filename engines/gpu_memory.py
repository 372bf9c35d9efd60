"""How much memory of a GPU is taken, as NVIDIA's management library tells it (nvml.h)."""

import ctypes
from functools import cache

LIBRARY = "libnvidia-ml.so.1"
"""It comes with the driver."""


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def gpu_memory(device: str) -> tuple[int, int] | None:
    """Return the bytes of `device` (``cuda:0``) that are used and free; None if nobody can tell.

    What other processes use is counted too.
    """
    library = _library()
    if library is None or not device.startswith("cuda"):
        return None
    handle, memory = ctypes.c_void_p(), _Memory()
    number = ctypes.c_uint(int(device.partition(":")[2] or "0"))
    if library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle)):
        return None
    if library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)):
        return None
    return memory.used, memory.free


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    return None if library.nvmlInit_v2() else library
