"""The other end of the way: a storage SCP that takes what a canary's results are."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from pydicom import Dataset
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from service.errors import UnavailableError
from service.intake.statuses import SUCCESS
from service.ledger.canary import AE_TITLE

NOT_OURS = 0xC000
"""Cannot understand: PS3.4 Table B.2-1."""


@dataclass(frozen=True)
class Receiver:
    """Holds what came for one study, and takes nothing else."""

    study_instance_uid: str
    port: int = 0
    _came: dict[str, Dataset] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, event: Event) -> int:
        """Keep what is sent."""
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        if str(dataset.get("StudyInstanceUID", "")) != self.study_instance_uid:
            return NOT_OURS
        with self._lock:
            self._came[str(event.file_meta.MediaStorageSOPInstanceUID)] = dataset
        return SUCCESS

    @property
    def came(self) -> Mapping[str, Dataset]:
        """What came, by SOP Instance UID."""
        with self._lock:
            return MappingProxyType(dict(self._came))


@contextmanager
def receiving(study_instance_uid: str, host: str, port: int) -> Iterator[tuple[Receiver, int]]:
    """Take results of that study at that address until the block ends; give the port.

    Raises:
        UnavailableError: if nothing can listen there.
    """
    receiver = Receiver(study_instance_uid)
    entity = AE(AE_TITLE)
    entity.add_supported_context(Verification)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES)
    try:
        server = entity.start_server(
            (host, port), block=False, evt_handlers=[(evt.EVT_C_STORE, receiver.take)]
        )
    except OSError as error:
        raise UnavailableError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    if server is None:
        raise AssertionError("start_server(block=False) returns a server")
    try:
        yield receiver, int(server.server_address[1])
    finally:
        server.shutdown()
