"""A PACS that answers as a test wants, and counts what it was sent: pynetdicom's storage SCP."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification

from peers.programs import HOST
from service.demo.orthanc import free_port

ABORT = -1
"""Instead of a status: the association is aborted, and the object is not kept."""
STORED = {0x0000, 0xB000, 0xB006, 0xB007}
"""Statuses with which an object is kept: PS3.4 Table B.2-1."""

Conduct = Callable[[int], int]
"""The status with which the object of that number is answered, counted from 0."""


@dataclass(frozen=True)
class Came:
    """An object that was kept."""

    sop_instance_uid: str
    study_instance_uid: str


class Pacs:
    """Listens on one port as long as it is started, and keeps count of what it kept."""

    def __init__(self, conduct: Conduct = lambda _: 0) -> None:
        self.port = free_port()
        self.conduct = conduct
        self.came: list[Came] = []
        self.asked = 0
        self._lock = threading.Lock()
        self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Be there; what was kept before is still known."""
        ae = AE(ae_title="PACS")
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax)
        ae.add_supported_context(Verification)
        ae.maximum_associations = 32
        self._server = ae.start_server(
            (HOST, self.port), block=False, evt_handlers=[(evt.EVT_C_STORE, self._on_store)]
        )

    def stop(self) -> None:
        """Be gone: whoever is connected is cut off."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()

    def instances(self) -> set[str]:
        return {came.sop_instance_uid for came in self.came}

    def _on_store(self, event: Event) -> int:
        with self._lock:
            number = self.asked
            self.asked += 1
        status = self.conduct(number)
        if status == ABORT:
            event.assoc.abort()
            return 0xA700
        if status in STORED:
            dataset = event.dataset
            with self._lock:
                self.came.append(Came(str(dataset.SOPInstanceUID), str(dataset.StudyInstanceUID)))
        return status
