"""dcmtk's storescp and storescu: what most modalities and many PACS are made of."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pydicom
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from peers.programs import HOST, Server, program
from service.demo.orthanc import free_port

PROPOSALS = {
    ImplicitVRLittleEndian: "-xi",
    ExplicitVRLittleEndian: "-xe",
    ExplicitVRBigEndian: "-xb",
    DeflatedExplicitVRLittleEndian: "-xd",
    RLELossless: "-xr",
    JPEGBaseline8Bit: "-xy",
    JPEGExtended12Bit: "-xx",
    JPEGLosslessSV1: "-xs",
    JPEGLSLossless: "-xt",
    JPEG2000Lossless: "-xv",
    JPEG2000: "-xw",
}
"""What storescu must be told to propose each transfer syntax."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How a run of storescu ended; `returncode` is 0 where every object was answered Success."""

    returncode: int
    output: str


def storescu(
    paths: Iterable[Path], port: int, calling: str = "MAMMO1", called: str = "SENOSCOPE"
) -> Sent:
    """Send files as a modality does, one association for each transfer syntax among them."""
    runs = [
        _storescu(list(alike), (port, calling, called), PROPOSALS[syntax])
        for syntax, alike in groupby(sorted(paths, key=_transfer_syntax), key=_transfer_syntax)
    ]
    return Sent(max(run.returncode for run in runs), "".join(run.output for run in runs))


def echoscu(port: int, called: str = "SENOSCOPE") -> int:
    """Return the exit status of a C-ECHO: 0 where it was answered."""
    command = [program("echoscu", "dcmtk"), "-aec", called, HOST, str(port)]
    return subprocess.run(command, capture_output=True, check=False).returncode


class StoreScp:
    """A storescp that writes what it takes to `folder`: everything, or what `options` say."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [program("storescp", "dcmtk"), "--fork", "-pm"]
        command += options or ("+xa", "+B")
        command += ["-aet", "PACS", "-od", folder, "-fe", ".dcm", str(self.port)]
        self.server = Server(command, self.port, folder.with_suffix(".log"))

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()

    def files(self) -> list[Path]:
        """Return what came, by name: modality prefix and SOP Instance UID."""
        return sorted(self.folder.glob("*.dcm"))

    def instances(self) -> list[str]:
        """Return the SOP Instance UIDs of what came, sorted."""
        return sorted(path.stem.split(".", 1)[1] for path in self.files())


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[StoreScp]:
    """Run a storescp as long as the block lasts."""
    server = StoreScp(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _transfer_syntax(path: Path) -> UID:
    return pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID


def _storescu(paths: Sequence[Path], peer: tuple[int, str, str], proposal: str) -> Sent:
    port, calling, called = peer
    command = [program("storescu", "dcmtk"), "-R", proposal, "-aet", calling, "-aec", called]
    told = subprocess.run(
        [*command, HOST, str(port), *paths], capture_output=True, text=True, check=False
    )
    return Sent(told.returncode, told.stdout + told.stderr)
