"""The PACS of the demo: Orthanc where it is installed, else a storage SCP of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from service.demo.orthanc import Orthanc
from service.intake.statuses import SUCCESS
from service.ledger.spool import Spool

AE_TITLE = "PACS"


class Pacs(Protocol):
    """What the demo asks of a PACS."""

    @property
    def name(self) -> str:
        """What it is, in words."""
        ...

    @property
    def dicom_port(self) -> int:
        """Where it takes C-STORE on this machine."""
        ...

    def fetch(self, sop_instance_uid: str, to: Path) -> Path:
        """Return a file with that object as the PACS holds it."""
        ...


@contextmanager
def start_pacs(folder: Path, program: Path | None) -> Iterator[Pacs]:
    """Start a PACS on a free port, the Orthanc `program` if there is one; stop it at the end."""
    if program is None:
        with _storage_scp(folder) as pacs:
            yield pacs
        return
    with Orthanc(program, folder, AE_TITLE) as orthanc:
        yield OrthancPacs(orthanc)


@dataclass(frozen=True)
class OrthancPacs:
    """A real PACS."""

    orthanc: Orthanc
    name: str = "Orthanc"

    @property
    def dicom_port(self) -> int:
        """See Pacs."""
        return self.orthanc.dicom_port

    def fetch(self, sop_instance_uid: str, to: Path) -> Path:
        """See Pacs."""
        path = to / f"{sop_instance_uid}.dcm"
        path.write_bytes(self.orthanc.file(sop_instance_uid))
        return path


@dataclass(frozen=True)
class FolderPacs:
    """A storage SCP that keeps what comes in a folder."""

    spool: Spool
    dicom_port: int
    name: str = "a storage SCP in this process (Orthanc is not installed)"

    def fetch(self, sop_instance_uid: str, to: Path) -> Path:
        """See Pacs."""
        del to
        return self.spool.path(sop_instance_uid)


@contextmanager
def _storage_scp(folder: Path) -> Iterator[FolderPacs]:
    spool = Spool(folder)
    entity = AE(AE_TITLE)
    entity.add_supported_context(Verification)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, _keep, [spool])]
    )
    if server is None:
        raise AssertionError("start_server(block=False) returns a server")
    try:
        yield FolderPacs(spool, server.server_address[1])
    finally:
        server.shutdown()


def _keep(event: Event, spool: Spool) -> int:
    dataset = event.dataset
    dataset.file_meta = event.file_meta
    spool.keep_dataset(dataset)
    return SUCCESS
