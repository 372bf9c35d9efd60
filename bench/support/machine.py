"""What a measurement was made on."""

import os
from pathlib import Path

UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
"""Vector and matrix units that matter here."""


def cpu() -> str:
    """Return the CPU's name, cores and the vector units that matter here."""
    stated = _stated()
    return f"{stated['model name']}, {os.cpu_count()} cores, {' '.join(_units(stated))}"


def has_amx() -> bool:
    """Return whether the CPU multiplies bf16 matrices in tiles (AMX)."""
    return "amx_bf16" in _units(_stated())


def _units(stated: dict[str, str]) -> list[str]:
    flags = stated.get("flags", "").split()
    return [unit for unit in UNITS if unit in flags]


def _stated() -> dict[str, str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}
