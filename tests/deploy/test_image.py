"""The image, as far as it can be tried without an engine that builds one: docs/deployment.md."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import httpx
import pytest
from dockerfile import stages
from peers.programs import program, until

from service.demo.orthanc import free_port

PROJECT = Path(__file__).parents[2]
DOCKERFILE = PROJECT / "Dockerfile"
LOCKED = "-r requirements/"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "resnet50", "densenet121*", "segnet", "unet")
"""The largest models: to pack them takes longer than all else."""
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)(?: ; ([^\\\n]+?))?(?: \\)?$", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9._-]+")


def pins(lock: str) -> set[tuple[str, str]]:
    """Return each name and version that this lock has."""
    found = PIN.findall((PROJECT / "requirements" / lock).read_text())
    return {(name, version) for name, version, _ in found}


def test_hadolint_finds_nothing():
    found = subprocess.run(
        ["hadolint", DOCKERFILE], capture_output=True, text=True, check=False, env=programs()
    )

    assert (found.returncode, found.stdout) == (0, "")


def programs() -> dict[str, str]:
    """Return the environment with the programs of this virtual environment first."""
    here = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # noqa: TID251 - a test's
    return {**os.environ, "PATH": here}  # noqa: TID251 - a test's


def test_it_has_a_target_for_cpus_which_is_the_default_and_one_for_gpus():
    named = list(stages(DOCKERFILE))

    assert {"cpu", "gpu"} <= set(named)
    assert named[-1] == "cpu"


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_a_target_runs_as_nobody_special_says_how_it_fares_and_ends_by_draining(target):
    steps = {step.instruction: step.told for step in stages(DOCKERFILE)[target]}

    assert steps["USER"] == "10001"
    assert steps["STOPSIGNAL"] == "SIGTERM"
    assert steps["VOLUME"] == "/var/lib/senoscope"
    alive = re.search(r"SENOSCOPE_HEALTH__ALIVE_FILE=(\S+)", steps["ENV"])[1]
    assert f"find {alive} -mmin -2" in steps["HEALTHCHECK"]


def test_the_context_holds_what_is_copied_and_not_the_rest():
    allowed = [
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]

    copied = {
        word
        for steps in stages(DOCKERFILE).values()
        for step in steps
        if step.instruction == "COPY" and not step.source_stage
        for word in step.words[:-1]
    }

    assert [path for path in copied if not (PROJECT / path).exists()] == []
    assert [p for p in copied if not any(Path(p).match(pattern) for pattern in allowed)] == []


@pytest.mark.parametrize("lock", ["image.lock", "image-gpu.lock"])
def test_every_locked_package_has_hashes_and_is_the_one_that_is_tested(lock):
    text = (PROJECT / "requirements" / lock).read_text()

    tested = pins("dev.lock")
    untested = {name for name, *_ in pins(lock)} - {name for name, *_ in tested}

    hashed = re.findall(r"^\S+==.* \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    named = re.findall(r"^\S+==", text, re.MULTILINE)
    assert len(hashed) == len(named) >= len(pins(lock))
    assert {pin for pin in pins(lock) if pin[0] not in untested} <= tested
    gpu = {"platformdirs", "pycuda", "pytools", "siphash24"}
    tensorrt = {"tensorrt-cu13", "tensorrt-cu13-bindings", "tensorrt-cu13-libs"}
    assert untested <= gpu | tensorrt


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("image.lock", ["cpu"]), ("image-gpu.lock", ["cpu", "gpu"])],
)
def test_an_image_holds_all_that_the_project_asks_for_and_a_cluster_needs(lock, extras):
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    asked = list(project["dependencies"])
    for extra in [*extras, "postgresql", "s3", "otel"]:
        asked += project["optional-dependencies"][extra]

    missing = {NAME.match(one)[0].lower() for one in asked} - {name for name, *_ in pins(lock)}

    assert missing == set()


@pytest.mark.timeout(300)
def test_the_steps_for_cpus_give_a_node_that_is_ready(tmp_path):
    """The steps are run as they stand, in a folder for `/`, but that the packages of the lock come
    from this virtual environment. The node then runs as in a container that Compose starts, but
    that its user is root without what root may do."""
    root = tmp_path / "root"
    source = root / "src"
    source.mkdir(parents=True)

    for step in stages(DOCKERFILE)["cpu-build"]:
        if step.instruction == "COPY":
            copy(step.words, source)
        if step.instruction == "RUN":
            run(step.command, root, source)
    shutil.rmtree(source)
    for step in stages(DOCKERFILE)["cpu"]:
        if step.instruction == "COPY" and not step.source_stage:
            put(step.words, root)

    senoscope = root / "opt/senoscope/bin/senoscope"
    (root / "tmp").mkdir()
    (root / "var/lib/senoscope").mkdir(parents=True)
    version = subprocess.run([senoscope, "--version"], capture_output=True, text=True, check=True)
    told = until_ready([*contained(root), senoscope, "serve"], node_environment(root))

    assert version.stdout.strip()
    assert told["ready"]
    assert "fsrcnn-x2" in next(one["detail"] for one in told["checks"] if one["name"] == "worker")


def copy(words: list[str], source: Path) -> None:
    for word in words[:-1]:
        there = PROJECT / word
        if there.is_dir():
            shutil.copytree(there, source / word, ignore=LEFT_OUT)
        else:
            (source / words[-1]).mkdir(exist_ok=True)
            shutil.copy(there, source / words[-1])


def put(words: list[str], root: Path) -> None:
    there = root / words[-1].lstrip("/")
    there.mkdir(parents=True, exist_ok=True)
    for word in words[:-1]:
        shutil.copy(PROJECT / word, there)


def contained(root: Path) -> list[str | Path]:
    """Return what starts a command with all disks read-only but the volumes and /tmp, and with no
    capability that it has or could get."""
    bound = [root / "var/lib/senoscope", root / "etc/senoscope/clinic", root / "tmp"]
    script = [
        "mount --make-rprivate /",
        *(f"mount --bind {one} {one}" for one in bound),
        "mount -o bind,remount,ro /",
        'exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"',
    ]
    return [program("unshare", "util-linux"), "--mount", "sh", "-ec", "\n".join(script), "sh"]


def run(command: str, root: Path, source: Path) -> None:
    if LOCKED in command:
        show_packages(root / "opt/senoscope")
        return
    command = command.replace("/opt/senoscope", str(root / "opt/senoscope"))
    made = subprocess.run(
        ["sh", "-ec", command], cwd=source, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr


def show_packages(environment: Path) -> None:
    """Let the new environment find the packages of this one, but not the project itself."""
    there = next(environment.glob("lib/python*/site-packages"))
    (there / "locked.pth").write_text(f"{sysconfig.get_path('purelib')}\n")


def node_environment(root: Path) -> dict[str, str]:
    """Return the image's environment, its folders and ports replaced by the test's."""
    steps = stages(DOCKERFILE)["cpu"]
    told = next(step.told for step in steps if step.instruction == "ENV")
    given = dict(word.split("=", 1) for word in told.split())
    return {
        "PATH": f"{root}/opt/senoscope/bin:/usr/bin:/bin",
        "TMPDIR": str(root / "tmp"),
        "SENOSCOPE_CONFIG": f"{root}{given['SENOSCOPE_CONFIG']}",
        "SENOSCOPE_ROUTES": given["SENOSCOPE_ROUTES"],
        "SENOSCOPE_HEALTH__ALIVE_FILE": f"{root}{given['SENOSCOPE_HEALTH__ALIVE_FILE']}",
        "SENOSCOPE_DATA_DIR": f"{root}/var/lib/senoscope",
        "SENOSCOPE_DICOM__PORT": str(free_port()),
        "SENOSCOPE_HTTP__PORT": str(free_port()),
        "SENOSCOPE_DISK__LOW_WATER_MB": "16",
    }


def until_ready(command: list[str | Path], environment: dict[str, str]) -> dict:
    """Start that node, and return what it says once it is ready; then it must drain."""
    address = f"http://127.0.0.1:{environment['SENOSCOPE_HTTP__PORT']}/readyz"
    log = Path(environment["SENOSCOPE_DATA_DIR"]) / "log"
    with log.open("wb") as out:
        node = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        until(lambda: answer(address) or node.poll() is not None, 90, 0.3, log.read_text)
        assert node.poll() is None, log.read_text()
        assert Path(environment["SENOSCOPE_HEALTH__ALIVE_FILE"]).exists()
        assert "CapBnd:\t0000000000000000" in Path(f"/proc/{node.pid}/status").read_text()
        assert " / ro," in mounts(node.pid)
        return answer(address)
    finally:
        node.terminate()
        assert node.wait(timeout=60) == 0


def mounts(pid: int) -> str:
    """Return the mounts that this process sees: where, and with which options."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return "\n".join(" ".join(["", *line.split()[4:6]]) for line in lines)


def answer(address: str) -> dict:
    try:
        told = httpx.get(address, timeout=5)
    except httpx.HTTPError:
        return {}
    return told.json() if told.status_code == httpx.codes.OK else {}
