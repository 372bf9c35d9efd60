"""Where commands are typed: a folder, a study, an Orthanc, and the node that they start."""

import json
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack, chdir
from pathlib import Path
from typing import Self

import foreign
from peers.programs import HOST, Server, program, until
from phantoms import saved, study
from typer.testing import CliRunner

from documents.blocks import Block
from service.cli.app import app
from service.demo.orthanc import free_port
from service.opening import open_ledger

ORTHANC_AS_INSTALLED = Path("/etc/orthanc/orthanc.json")
COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*', re.DOTALL)
PLAIN = re.compile(r"^senoscope [^$*?|&;<>(){}`]*$")
SENDS = re.compile(r"\bsenoscope send\b|\bstorescu\b|/store\b")
PATIENCE_S = 120.0


class Place:
    """A folder as a reader has it after `make demo`; an Orthanc as Debian installs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: str(free_port()) for name in ("11112", "8080", "4242", "8042")}
        self.images = study(rows=256, columns=208)
        (folder / "demo/input").mkdir(parents=True)
        for image in self.images:
            saved(image, folder / "demo/input")
        (folder / "study").symlink_to("demo/input")
        foreign.saved(foreign.classifier(), folder, "birads.onnx")
        self.environment = {
            "SENOSCOPE_DICOM__PORT": self.ports["11112"],
            "SENOSCOPE_HTTP__PORT": self.ports["8080"],
            "SENOSCOPE_DISK__LOW_WATER_MB": "16",
            "PATH": f"{self._programs()}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        }
        self._peers = ExitStack()

    def __enter__(self) -> Self:
        orthanc = Server(
            [program("Orthanc", "orthanc"), self._orthanc_settings()],
            int(self.ports["8042"]),
            self.folder / "orthanc.log",
        )
        orthanc.start()
        self._peers.callback(orthanc.kill)
        return self

    def __exit__(self, *error: object) -> None:
        self._peers.close()

    def try_block(self, block: Block) -> None:
        """Do what is said of the block: write it down, start it, or type it."""
        if block.mark.startswith("file: "):
            path = self.folder / block.mark.removeprefix("file: ")
            path.write_text(self._here(block.text))
        elif block.mark == "run: in the background":
            self._serve(block.lines)
        elif block.mark == "run":
            for line in block.lines:
                self._type(self._here(line), block)

    def _serve(self, lines: list[str]) -> None:
        (line,) = lines
        command = [sys.executable, "-m", "service", *shlex.split(line)[1:]]
        log = self.folder / "node.log"
        with log.open("ab") as told:
            node = subprocess.Popen(
                ["env", *self._assignments(), *command], cwd=self.folder, stdout=told, stderr=told
            )
        self._peers.callback(_ended, node)
        until(self._is_ready, PATIENCE_S, 0.2, log.read_text)

    def _type(self, line: str, block: Block) -> None:
        status, told = self._in_process(line) if PLAIN.match(line) else self._in_a_shell(line)
        assert status == 0, f"{block}: {line}\n{told}"
        if SENDS.search(line):
            until(self._is_settled, PATIENCE_S, 0.2, (self.folder / "node.log").read_text)

    def _in_process(self, line: str) -> tuple[int, str]:
        """Spare starting Python: a second or more for each command."""
        with chdir(self.folder):
            told = CliRunner().invoke(
                app,
                shlex.split(line)[1:],
                env=self.environment,
            )
        return told.exit_code, f"{told.output}{told.exception or ''}"

    def _in_a_shell(self, line: str) -> tuple[int, str]:
        command = ["env", *self._assignments(), "bash", "-euo", "pipefail", "-c", line]
        told = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        return told.returncode, told.stdout + told.stderr

    def _here(self, text: str) -> str:
        """Return the text with this place's ports and folder, and a study's UID for the word."""
        for usual, ours in self.ports.items():
            text = re.sub(rf"\b{usual}\b", ours, text)
        text = text.replace("/mnt/", f"{self.folder}/mnt/")
        return text.replace("STUDY_UID", self.images[0].StudyInstanceUID)

    def _assignments(self) -> list[str]:
        return [f"{name}={value}" for name, value in self.environment.items()]

    def _is_ready(self) -> bool:
        address = f"http://{HOST}:{self.ports['8080']}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _is_settled(self) -> bool:
        config = self.folder / "senoscope.toml"
        config.touch()
        ledger = open_ledger(config)
        try:
            jobs = ledger.jobs(limit=100)
            owed = [one for one in ledger.deliveries(limit=100) if one.state == "owed"]
            return bool(jobs) and not owed and all(job.state == "done" for job in jobs)
        finally:
            ledger.close()

    def _programs(self) -> Path:
        """Return a folder with `senoscope` and `python`, and not pynetdicom's storescu."""
        programs = self.folder / "bin"
        programs.mkdir()
        for name, module in {"senoscope": " -m service", "python": ""}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable}{module} "$@"\n')
            (programs / name).chmod(0o755)
        return programs

    def _orthanc_settings(self) -> Path:
        """Return Debian's settings with other ports and another folder, all else as it is there."""
        installed = COMMENT.sub(lambda found: found[1] or "", ORTHANC_AS_INSTALLED.read_text())
        settings = json.loads(installed)
        storage = str(self.folder / "orthanc")
        settings |= {"StorageDirectory": storage, "IndexDirectory": storage, "Plugins": []}
        settings |= {"DicomPort": int(self.ports["4242"]), "HttpPort": int(self.ports["8042"])}
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(settings))
        return path


def _ended(node: "subprocess.Popen[bytes]") -> None:
    """Ask the node to finish, as Ctrl-C does, and wait until it has."""
    node.terminate()
    try:
        node.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()
