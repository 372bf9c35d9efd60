"""The processor that engines run on, as it calls itself."""

import hashlib
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
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
