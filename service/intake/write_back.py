"""Sending what was written on its way to the disk before anybody waits for it."""

import ctypes

_SYNC_FILE_RANGE_WRITE = 2
_libc = ctypes.CDLL(None)
_sync_file_range = getattr(_libc, "sync_file_range", None)
if _sync_file_range is not None:
    _sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


def begin_writing(descriptor: int, offset: int, length: int) -> None:
    """Begin to write that range of a file to the disk, where the system can.

    It is a hint: nothing is durable before a sync, which also tells of what fails here.
    """
    if _sync_file_range is not None:
        _sync_file_range(descriptor, offset, length, _SYNC_FILE_RANGE_WRITE)
