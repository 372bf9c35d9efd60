"""Helm, as a package of PyPI brings it, and what it makes of a chart."""

import importlib.util
import io
import subprocess
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PACKAGE = "aws_cdk"
"""Amazon's package of Helm and kubectl as files: requirements/helm.lock."""
INSIDE = "package/lib/layer.zip"


def helm(folder: Path) -> Path:
    """Unpack Helm's program into `folder` and return its path."""
    program = folder / "helm/helm"
    with zipfile.ZipFile(io.BytesIO(_layer())) as layer:
        layer.extract("helm/helm", folder)
    program.chmod(0o755)
    return program


def rendered(program: Path, chart: Path, *sets: str) -> list[dict[str, Any]]:
    """Return the objects that a release named ``s`` in the namespace ``mammo`` is made of."""
    chosen = [word for one in sets for word in ("--set", one)]
    command = [program, "template", "s", chart, "--namespace", "mammo", *chosen]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return [one for one in yaml.safe_load_all(told.stdout) if one]


@cache
def _layer() -> bytes:
    found = importlib.util.find_spec(PACKAGE)
    places = [Path(one) for one in found.submodule_search_locations] if found else []
    archives = [one for place in places for one in place.glob("lambda_layer_kubectl_*/_jsii/*.tgz")]
    with tarfile.open(archives[0]) as archive:
        return archive.extractfile(INSIDE).read()
