"""pycuda on a real GPU: what the runner takes for granted."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engines.backends.tensorrt.device import device_of
from engines.backends.tensorrt.runner import NON_BLOCKING
from engines.engine import UnusableError

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
MUCH = 256 << 20
TIMES = 5


def rate(session, deed):
    """Return gigabytes a second of what moves `MUCH` bytes."""
    with session.current() as cuda:
        deed()
        cuda.Context.synchronize()
        begun = time.perf_counter()
        for _ in range(TIMES):
            deed()
        cuda.Context.synchronize()
        return TIMES * MUCH / (time.perf_counter() - begun) / 1e9


def test_the_device_says_what_it_is(cuda):
    device = device_of(cuda, 0)

    assert device.name.startswith("NVIDIA")
    assert device.processors > 0
    assert device.memory > 2**30
    assert device.driver
    with pytest.raises(UnusableError, match="no GPU number 99 here"):
        device_of(cuda, 99)


def test_the_context_is_the_one_that_pytorch_has(session):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    numbers = torch.arange(8, device="cuda", dtype=torch.float32)

    with session.current() as cuda:
        seen = np.empty(8, np.float32)
        cuda.memcpy_dtoh(seen, numbers.data_ptr())
        stream = cuda.Stream(NON_BLOCKING)
        with torch.cuda.stream(torch.cuda.ExternalStream(stream.handle)):
            doubled = numbers * 2
        stream.synchronize()

    assert seen.tolist() == list(range(8))
    assert doubled.cpu().tolist() == [2 * number for number in range(8)]
    assert float((numbers + 1).sum()) == 36  # PyTorch goes on after ours was popped


def test_any_thread_may_use_the_context(session):
    given = {}

    def copy(number):
        with session.current() as cuda:
            there = cuda.mem_alloc(4096)
            cuda.memcpy_htod(there, np.full(1024, number, np.float32))
            back = np.empty(1024, np.float32)
            cuda.memcpy_dtoh(back, there)
            del there
        given[number] = float(back.mean())

    threads = [threading.Thread(target=copy, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert given == {number: float(number) for number in range(8)}


def rates(session, cuda):
    """Return gigabytes a second of each kind of copy; all that it makes is gone afterwards."""
    here = [cuda.pagelocked_empty(MUCH, np.uint8) for _ in range(2)]
    there = [cuda.mem_alloc(MUCH) for _ in range(2)]
    streams = [cuda.Stream(NON_BLOCKING) for _ in range(2)]
    pageable = np.ones(MUCH, np.uint8)

    def into():
        cuda.memcpy_htod_async(there[0], here[0], streams[0])

    def out():
        cuda.memcpy_dtoh_async(here[1], there[1], streams[1])

    def both_ways():
        into()
        out()

    return {
        "in": rate(session, into),
        "out": rate(session, out),
        "in, pageable": rate(session, lambda: cuda.memcpy_htod(there[0], pageable)),
        "each of both ways": rate(session, both_ways),
    }


def test_pinned_memory_is_copied_faster_and_both_ways_at_once(session, record_property):
    with session.current() as cuda:
        measured = rates(session, cuda)

    for what, fast in measured.items():
        record_property(f"GB/s {what}", round(fast, 1))
    assert measured["in"] > measured["in, pageable"]
    assert measured["each of both ways"] > 0.6 * min(measured["in"], measured["out"])


def test_want_of_memory_leaves_the_device_usable(session, cuda):
    too_much = 2 * device_of(cuda, 0).memory

    with pytest.raises(UnusableError, match="out of memory"), session.current() as current:
        current.mem_alloc(too_much)

    with session.current() as current:
        assert int(current.mem_alloc(4096)) > 0


def test_an_error_that_sticks_is_told_as_a_lost_device(cuda):
    """In a process of its own, for it can do nothing with the GPU afterwards."""
    torch = pytest.importorskip("torch")
    if not (cuda and torch.cuda.is_available()):
        pytest.skip("this PyTorch has no CUDA")

    said = subprocess.run(
        [sys.executable, "-c", LOSING], cwd=ROOT, capture_output=True, check=False, timeout=120
    )

    assert b"DeviceLostError: the GPU is lost to this process" in said.stdout


LOSING = """
import os, torch
from engines.backends.tensorrt.device import load_cuda, open_session
from engines.engine import DeviceLostError
session = open_session(load_cuda(), 0)
torch.zeros(1, device="cuda")[torch.tensor([10**6], device="cuda")]  # beyond the end
try:
    with session.current() as cuda:
        cuda.Context.synchronize()
except DeviceLostError as error:
    print("DeviceLostError:", error, flush=True)
os._exit(0)
"""
