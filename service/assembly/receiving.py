"""What modalities and other senders speak to."""

import ssl
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter

from service.assembly.child import child
from service.assembly.sending import Sending
from service.canary.routing import allowed
from service.clock import now
from service.errors import BadConfigurationError
from service.http.entrance import Entrance
from service.http.stow import stow_router
from service.http.tokens import Tokens
from service.http.upload import Gate
from service.intake.part import Intake
from service.intake.taking import Taking
from service.ledger.canary import AE_TITLE as CANARY
from service.listener.admission import Admission, Caller, Most
from service.listener.listener import Address, Listener
from service.listener.processes import ListenerProcess
from service.listener.promises import Promises
from service.listener.reports import Reports
from service.listener.store import Store
from service.listener.syntaxes import ACCEPTED
from service.tls import Renewed

DRAIN_S = 60.0
"""Associations that are open when the node stops may go on for so long."""


class Receiving(Sending):
    """What modalities and other senders speak to."""

    def listener(self) -> Listener:
        """Make what modalities speak to."""
        dicom = self.settings.dicom
        intake = Intake(self.received, self.low_water, dicom.max_object_mb * 1_000_000)
        return Listener(
            Address(
                dicom.host,
                dicom.port,
                dicom.max_pdu,
                shared=dicom.processes > 1,
                acse_s=dicom.open_s,
                dimse_s=dicom.idle_s,
                network_s=dicom.idle_s,
                tls=self.dicom_tls(),
            ),
            Admission(
                dicom.ae_title,
                self.callers,
                Most(dicom.max_associations, dicom.max_per_ae, dicom.max_per_host),
                intake,
                dicom.networks,
                dicom.tls_names,
            ),
            Store(self.taking()),
            self.promises(),
        )

    def more_listeners(self, config: Path | None) -> list[ListenerProcess]:
        """Make the other processes that listen on the same port.

        Raises:
            BadConfigurationError: if there is no port that they could agree on.
        """
        dicom = self.settings.dicom
        if dicom.processes > 1 and not dicom.port:
            raise BadConfigurationError("dicom.processes: several need a dicom.port that is not 0")
        one = ListenerProcess(child("service.listener_process", config), DRAIN_S + 5)
        return [one] * (dicom.processes - 1)

    def stow(self) -> APIRouter:
        """Make what senders speak to by HTTP."""
        tokens = self.settings.tokens_path
        largest = self.settings.dicom.max_object_mb * 1_000_000
        return stow_router(
            Gate(
                self.taking(),
                Intake(self.received, self.low_water, largest),
                frozenset(ACCEPTED),
            ),
            Entrance(
                Tokens(tokens) if tokens else None,
                lambda: self.routes.current().callers,
                self.settings.http.max_uploads,
                self.settings.http.networks,
            ),
        )

    def taking(self) -> Taking:
        """Make what keeps what comes in."""
        if self.bucket is None:
            self.received.lay_out()
        return Taking(self.received, self.ledger, self.metrics, now)

    def callers(self) -> list[Caller]:
        """Return who may call: whom the routes in force name, and canaries."""
        own = allowed(self.settings.canary.networks, self.settings.dicom.host)
        canary = [Caller(CANARY, own)] if own else []
        return [*(Caller(*named) for named in self.routes.current().callers), *canary]

    def dicom_tls(self) -> Callable[[], ssl.SSLContext] | None:
        """Return what makes the TLS of the DICOM port; None without.

        Raises:
            BadConfigurationError: if its files are wrong.
        """
        return Renewed(self.settings.tls_files).context if self.settings.tls_files else None

    def promises(self) -> Promises:
        """Make what promises senders to keep what they sent."""
        return Promises(
            self.ledger, self.received, lambda title: self.bearer(title) is not None, now
        )

    def reports(self) -> Reports:
        """Make what brings senders the reports they are owed."""
        return Reports(self.ledger, self.received, self.bearer, now)
