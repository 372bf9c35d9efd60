"""The acceptor of pynetdicom 3.0.4 without its polling and copying, by small subclasses.

pynetdicom looks at its socket and queues a thousand times a second in two threads for each
association, reads 4096 bytes at a time, and copies each of them four times. Here the threads sleep
until something happens, and data sets go from one buffer straight into their file. Subclasses know
the insides of what they are derived from: another version is served without them, see `handler_of`.
"""

import time
from datetime import UTC, datetime
from typing import Any, cast

import pynetdicom
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket
from typing_extensions import override

from service.listener.fast_association import FastAssociation
from service.listener.fast_dimse import FastDimse
from service.listener.streaming import StreamingHandler, StreamingServer

KNOWN = "3.0.4"
"""The version of pynetdicom that these subclasses were written for."""


def handler_of(version: str = pynetdicom.__version__) -> type[StreamingHandler]:
    """Return what serves connections: quick where pynetdicom is the version that is known."""
    return FastHandler if version == KNOWN else StreamingHandler


class FastHandler(StreamingHandler):
    """Serves each connection by a `FastAssociation`."""

    @override
    def _create_association(self) -> Association:
        """Do what pynetdicom does, but share what all associations support: nobody changes it."""
        server = cast("StreamingServer", self.server)
        association = FastAssociation(self.ae)
        association.dimse = FastDimse(association, association.told, server.store, server.intake)
        association._server = server  # noqa: SLF001
        started = datetime.fromtimestamp(time.time(), UTC)
        association.name = f"AcceptorThread@{started:%Y%m%d%H%M%S}"
        association.set_socket(AssociationSocket(association, client_socket=self.request))
        acceptor = association.acceptor
        acceptor.maximum_length = self.ae.maximum_pdu_size
        acceptor.ae_title = server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = self.ae.implementation_class_uid
        acceptor.implementation_version_name = self.ae.implementation_version_name
        acceptor.supported_contexts = server.contexts
        association.requestor.address_info = self.remote
        self._bind_handlers(association)
        return association

    def _bind_handlers(self, association: Association) -> None:
        bound = cast("dict[Any, Any]", cast("StreamingServer", self.server)._handlers)  # noqa: SLF001
        for event, found in bound.items():
            pairs = [found] if isinstance(event, evt.InterventionEvent) else found
            for handler, arguments in pairs:
                if handler is not None:
                    association.bind(event, handler, arguments)
