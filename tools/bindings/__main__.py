"""Write down what real bindings have of what our code uses.

    python -m tools.bindings 11.4.0.106 10.16.1.11     # TensorRT's, from PyPI, without its library
    python -m tools.bindings --wheels FOLDER 11.4.0.106
    python -m tools.bindings --pycuda 2026.1           # of the pycuda that can be imported

TensorRT's wheels of bindings are small and public, the 3.7 GB library beside them is not. So that
the bindings can be imported, gcc makes libraries that have what they want by name and do nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.bindings.used import PYCUDA, TENSORRT, names

FOLDER = Path(__file__).parents[2] / "tests" / "engines" / "tensorrt_api"
SEEN = Path(__file__).with_name("seen.py")
PACKAGE = "tensorrt_cu13_bindings"
LIBRARIES = ("libnvinfer", "libnvinfer_plugin", "libnvonnxparser")
WANTED = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "getBuilderPluginRegistry",
    "getInferLibVersion",
    "getLogger",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)


def main() -> int:
    """Write a file for each version, and return 1 if one of them lacks something."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("versions", nargs="*")
    parser.add_argument("--wheels", type=Path, help="a folder of wheels; default: from PyPI")
    parser.add_argument("--pycuda", metavar="VERSION")
    arguments = parser.parse_args()
    missing = [
        name for version in arguments.versions for name in _tensorrt(version, arguments.wheels)
    ]
    if arguments.pycuda:
        found = _ask("pycuda.driver", sorted(names(PYCUDA)), {})
        missing += _write(f"pycuda {arguments.pycuda}", found)
    for name in missing:
        sys.stdout.write(f"missing: {name}\n")
    return 1 if missing else 0


def _tensorrt(version: str, wheels: Path | None) -> list[str]:
    """Write down what the bindings of that version have; return what they lack."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(_wheel(version, wheels or folder)) as wheel:
            wheel.extractall(folder)
        _make_libraries(folder, version.split(".", maxsplit=1)[0])
        paths = {"PYTHONPATH": name, "LD_LIBRARY_PATH": name}
        found = _ask("tensorrt_bindings", sorted(names(TENSORRT)), paths)
    return _write(f"{PACKAGE} {version}", found)


def _wheel(version: str, folder: Path) -> Path:
    pattern = f"{PACKAGE}-{version}-cp3{sys.version_info.minor}-*.whl"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        subprocess.run([*command, "-d", folder, f"{PACKAGE}=={version}"], check=True)  # noqa: S603
    return next(folder.glob(pattern))


def _make_libraries(folder: Path, major: str) -> None:
    source = folder / "nothing.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in WANTED))
    for library in LIBRARIES:
        name = f"{library}.so.{major}"
        options = ["-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", folder / name]
        subprocess.run(["gcc", *options, source], check=True)  # noqa: S603, S607


def _ask(module: str, wanted: list[str], paths: dict[str, str]) -> dict[str, list[str] | None]:
    environment = {**os.environ, **paths}  # noqa: TID251 - a child's
    command = [sys.executable, SEEN, module, *wanted]
    said = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)  # noqa: S603
    found: dict[str, list[str] | None] = json.loads(said.stdout)
    return found


def _write(package: str, found: dict[str, list[str] | None]) -> list[str]:
    """Write down what was found, and return what was not."""
    FOLDER.mkdir(exist_ok=True)
    told = {"package": package, "made by": "python -m tools.bindings", "names": found}
    path = FOLDER / f"{package.replace(' ', '-')}.json"
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return [f"{package}: {name}" for name, signatures in found.items() if signatures is None]


if __name__ == "__main__":
    sys.exit(main())
