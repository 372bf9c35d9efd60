"""The processors that engines run on, as they call themselves."""

import hashlib
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
DRIVER = Path("/proc/driver/nvidia/version")
DIGITS = 8


@cache
def processor() -> str:
    """Return the processor's name and a digest of what it is capable of: two may share a name."""
    said: dict[str, str] = {}
    for line in CPUINFO.read_text(encoding="ascii", errors="replace").splitlines():
        key, _, value = line.partition(":")
        said.setdefault(key.strip(), value.strip())
    capable = said.get("flags") or said.get("Features") or ""
    digest = hashlib.sha256(" ".join(sorted(capable.split())).encode()).hexdigest()[:DIGITS]
    return f"{said.get('model name', 'processor')} {digest}"


def gpus() -> list[str]:
    """Return the NVIDIA GPUs that the kernel shows: ``cuda:0``, ..."""
    found = sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*"))
    return [f"cuda:{number}" for number in range(len(found))]


def gpu_name(device: str) -> str:
    """Return the name of a GPU (``cuda:0``) and its driver, as the kernel tells them."""
    number = device.partition(":")[2] or "0"
    told = [DRIVER, *sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in told if path.exists()]
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()[:DIGITS]
    return f"cuda:{number} {digest}"
