"""What a node runs on: processors, memory, disk, GPUs, and the programs of others."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engines.machine import gpu_name, gpus, processor

PACKAGES = (
    "alembic", "celery", "fastapi", "gdcm", "highdicom", "kombu", "numpy", "onnxruntime",
    "openvino", "psycopg", "pycuda", "pydicom", "pynetdicom", "python-gdcm", "redis", "s3fs",
    "scikit-image", "SQLAlchemy", "tensorrt-cu13", "torch", "uvicorn",
)  # fmt: skip
_ASKED = "name,driver_version,memory.total,memory.used,utilization.gpu,temperature.gpu"
_NVIDIA_S = 20.0
_CGROUP = Path("/sys/fs/cgroup")


def machine() -> Mapping[str, object]:
    """Return processors, memory and system as they are."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "usable_processors": len(os.sched_getaffinity(0)),
        "load": [round(one, 2) for one in os.getloadavg()],
        "memory_mb": _memory(),
        "cgroup": {name: _read(_CGROUP / name) for name in ("memory.max", "cpu.max")},
        "gpus": [gpu_name(one) for one in gpus()],
        "nvidia_smi": nvidia_smi(),
    }


def packages() -> Mapping[str, str]:
    """Return the versions of what the node stands on, as far as it is installed."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def disk(data: Path) -> Mapping[str, object]:
    """Return how much room the disk of the data folder has, and who takes how much of it."""
    usage = shutil.disk_usage(data)
    return {
        "total_bytes": usage.total,
        "free_bytes": usage.free,
        "free_inodes": os.statvfs(data).f_favail,
        "file_system": _file_system(data),
        "folders": {name: {"files": n, "bytes": size} for name, n, size in _folders(data)},
    }


def nvidia_smi() -> list[str] | str:
    """Return what NVIDIA's own tool says of each GPU, or why it says nothing."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "not installed"
    command = [program, f"--query-gpu={_ASKED}", "--format=csv,noheader"]
    try:
        done = subprocess.run(  # noqa: S603 - NVIDIA's, found on the PATH
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_NVIDIA_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return done.stdout.splitlines() if not done.returncode else f"exit {done.returncode}"


def _memory() -> Mapping[str, int]:
    kept = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {name[:-1]: int(value) // 1024 for name, value, *_ in lines if name[:-1] in kept}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _file_system(data: Path) -> str:
    """Return the type of the file system that the folder lies in."""
    place, found = data.resolve(), ("", "")
    for line in _read(Path("/proc/mounts")).splitlines():
        _, where, kind, *_ = line.split()
        if place.is_relative_to(where) and len(where) >= len(found[0]):
            found = (where, kind)
    return found[1]


def _folders(data: Path) -> Iterator[tuple[str, int, int]]:
    """Yield name, files and bytes of each folder in the data folder."""
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        sizes = []
        for path in folder.rglob("*"):
            with suppress(OSError):
                sizes += [path.stat().st_size] if path.is_file() else []
        yield folder.name, len(sizes), sum(sizes)
