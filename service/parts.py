"""The parts of a node, each made from the settings when it is first asked for."""

import hashlib
import socket
import ssl
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from os import getpid
from pathlib import Path

from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from engines.card import Card
from engines.engine import Engine
from engines.load import open_engine
from engines.plans.store import PlanStore
from engines.shelf import verify
from engines.windowed import as_served
from pipelines.catalogue import DEFAULT
from pipelines.kinds import USUAL, Kind
from pipelines.pipeline import ON_REGIONS, Product
from service.checks import run_checks
from service.console.deeds import Deeds
from service.console.desk import Desk as ConsoleDesk
from service.console.desk import Images, Sources
from service.console.door import Door, Times
from service.console.remembered import Remembered
from service.console.render import make_pages
from service.console.routes_desk import RoutesDesk
from service.console.shelf import figures
from service.delivery.bearing import Bearer
from service.delivery.outbox import Outbox
from service.delivery.peer import Peer
from service.delivery.senders import Senders
from service.delivery.target import Served
from service.destinations import served
from service.errors import BadConfigurationError
from service.http.entrance import Entrance
from service.http.stow import stow_router
from service.http.tokens import Tokens
from service.http.upload import Gate
from service.intake.part import Intake
from service.intake.taking import Taking
from service.ledger.s3 import Bucket, S3Spool, parse_bucket
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger
from service.ledger.sql import open_ledger as open_sql_ledger
from service.listener.admission import Admission, Caller, Most
from service.listener.listener import Address, Listener
from service.listener.processes import ListenerProcess
from service.listener.promises import Promises
from service.listener.reports import Reports
from service.listener.store import Store
from service.listener.syntaxes import ACCEPTED
from service.metrics import Metrics
from service.models import Pipelines, Versions
from service.notify.channel import Channel
from service.notify.courier import Courier
from service.notify.facts import Lookout
from service.notify.made import channels_of, limits_of, rules_of, sender_of
from service.notify.notifier import Desk, Notifier
from service.queue.broker import Broker, read_password
from service.queue.celery import CeleryQueue, Limits, make_app
from service.readiness import Readiness
from service.router.judge import Judge
from service.router.router import Router
from service.router.routes_file import OwnDoor, RoutesFile
from service.settings import Settings
from service.site_key import read_or_make_key
from service.tiles.album import Album, Room
from service.tls import Files as TlsFiles
from service.tls import Renewed
from service.version import VERSION
from service.worker.embedded import EmbeddedWorker
from service.worker.owner import is_gone, this_process
from service.worker.reporter import Reporter
from service.worker.storekeeper import Kept, Storekeeper

CHECKS_S, COUNTS_S, SHELF_S = 5.0, 1.0, 60.0
"""How long the console's answers hold: what is amiss, how much there is, what is on the shelf."""
DRAIN_S = 60.0
"""Associations that are open when the node stops may go on for so long."""


def now() -> datetime:
    """Return the time; every part that needs a clock is given this one."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock


@dataclass(frozen=True)
class Parts:
    """The parts of a node, each made when it is first asked for."""

    settings: Settings

    @cached_property
    def ledger(self) -> SqlLedger:
        """What was received, decided, done and sent."""
        return open_sql_ledger(self.settings.ledger_url, now)

    @property
    def data(self) -> Path:
        """The folder of everything that this node keeps."""
        return self.settings.data

    @cached_property
    def received(self) -> Spool:
        """What came in."""
        return self._spool("received")

    @cached_property
    def results(self) -> Spool:
        """What goes out."""
        return self._spool("results")

    def _spool(self, name: str) -> Spool:
        """Return the spool of that name: a folder, or a bucket with a folder in front of it."""
        quarantine = self.settings.disk.quarantine_mb * 1_000_000
        if self.bucket is None:
            return Spool(self.data / name, quarantine)
        return S3Spool(self.data / name, self.bucket.below(name), quarantine)

    @cached_property
    def bucket(self) -> Bucket | None:
        """Where in S3 the spools are, None where they are on the disk."""
        spool = self.settings.spool
        return parse_bucket(spool.url, spool.endpoint) if spool.url else None

    @cached_property
    def routes(self) -> RoutesFile:
        """The clinic's routes, as they are now."""
        path = self.settings.routes_file
        if not path.is_file():
            raise BadConfigurationError(
                f"{path}: no such file; it says who may send and where results go: "
                "begin with deploy/routes.toml, see docs/routes.md"
            )
        return RoutesFile(path, self.pipelines, self.own_door)

    @property
    def own_door(self) -> OwnDoor:
        """Where this node listens, as far as it knows its names."""
        dicom, here = self.settings.dicom, socket.gethostname().lower()
        hosts = {"localhost", "127.0.0.1", "::1", "0.0.0.0", here, dicom.host.lower()}  # noqa: S104
        return OwnDoor(dicom.ae_title, hosts, dicom.port)

    @cached_property
    def pipelines(self) -> Pipelines:
        """The pipelines that there are models for."""
        return Pipelines(self.settings.shelves)

    def in_use(self) -> list[str]:
        """Return the pipelines of the routes in force, and the one that is always there."""
        try:
            routes = self.routes.current().routes
        except BadConfigurationError:  # the node says so: here it is enough to work
            routes = ()
        return list(dict.fromkeys([DEFAULT.name, *(one for r in routes for one in r.pipelines)]))

    def checked_cards(self, pipeline: str) -> list[Card]:
        """Return the cards of that pipeline's models, their weights checked.

        Raises:
            CardError: one is missing, broken or altered.
        """
        cards = self.pipelines.cards(pipeline)
        for card in cards:
            verify(card)
        return cards

    def opened(self, network: str, device: str) -> Engine:
        """Return that network, ready to run on whole images, or on regions if its name says so.

        Raises:
            CardError: it is on no shelf, or broken.
            UnusableError: it cannot be opened on `device`.
        """
        card = self.pipelines.card(network)
        served = card if network.endswith(ON_REGIONS) else as_served(card)
        return open_engine(served, device, self.plans)

    def accepts(self, destination: str) -> Collection[Kind]:
        """Return the kinds of results that a destination of the routes in force is sent."""
        found = self.routes.current().destinations.get(destination)
        return found.accepts if found is not None else USUAL

    @property
    def plans(self) -> PlanStore:
        """Compiled networks, and what verification found."""
        return PlanStore(self.settings.plans)

    @cached_property
    def site_key(self) -> bytes:
        """The key of derived UIDs; made once, and then kept."""
        return read_or_make_key(self.settings.site_key_path)

    @cached_property
    def product(self) -> Product:
        """How this installation signs its results."""
        serial = hashlib.sha256(b"serial" + self.site_key).hexdigest()[:16].upper()
        return Product(VERSION, serial, self.settings.dicom.ae_title)

    @cached_property
    def registry(self) -> CollectorRegistry:
        """Where metrics are registered."""
        return CollectorRegistry()

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted in this process."""
        return Metrics(self.registry, VERSION)

    @cached_property
    def queue(self) -> CeleryQueue:
        """What wakes the workers."""
        return make_queue(self.settings)

    @property
    def low_water(self) -> int:
        """Bytes that must stay free on the disk."""
        return self.settings.disk.low_water_mb * 1_000_000

    @cached_property
    def readiness(self) -> Readiness:
        """What tells whether this node can take work."""
        return Readiness(self.ledger, self.queue, self.received, self.routes, self.low_water)

    def destinations(self) -> Mapping[str, Served]:
        """Return the destinations in force, and how each is served."""
        calling = self.settings.dicom.ae_title
        return {
            name: served(there, calling, self.settings.base)
            for name, there in self.routes.current().destinations.items()
        }

    def peers(self) -> Mapping[str, Peer]:
        """Return those of the destinations in force that speak DIMSE."""
        there = {name: one.target for name, one in self.destinations().items()}
        return {name: target for name, target in there.items() if isinstance(target, Peer)}

    def senders(self) -> Senders:
        """Make what sends results to destinations."""
        outbox = Outbox(self.ledger, self.results, self.received, this_process(), now)
        return Senders(outbox, self.destinations, is_gone, self.metrics.destination_up)

    def bearer(self, ae_title: str) -> Bearer | None:
        """Return what brings reports of commitment to that AE title, if it is a destination."""
        there = (one for one in self.peers().values() if one.address.ae_title == ae_title)
        return next((Bearer(peer) for peer in there), None)

    def promises(self) -> Promises:
        """Make what promises senders to keep what they sent."""
        return Promises(
            self.ledger, self.received, lambda title: self.bearer(title) is not None, now
        )

    def reports(self) -> Reports:
        """Make what brings senders the reports they are owed."""
        return Reports(self.ledger, self.received, self.bearer, now)

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
                lambda: [Caller(*named) for named in self.routes.current().callers],
                Most(dicom.max_associations, dicom.max_per_ae, dicom.max_per_host),
                intake,
                dicom.networks,
                dicom.tls_names,
            ),
            Store(self.taking()),
            self.promises(),
        )

    def taking(self) -> Taking:
        """Make what keeps what comes in."""
        if self.bucket is None:
            self.received.lay_out()
        return Taking(self.received, self.ledger, self.metrics, now)

    @property
    def tls_files(self) -> TlsFiles | None:
        """Where the certificate of the DICOM port lies; None without TLS."""
        dicom, base = self.settings.dicom, self.settings.base
        if not dicom.tls_cert:
            return None
        ca = base / dicom.tls_ca if dicom.tls_ca else None
        return TlsFiles(base / dicom.tls_cert, base / dicom.tls_key, ca, dicom.tls_profile)

    @property
    def http_tls_files(self) -> TlsFiles | None:
        """Where the certificate of the HTTP port lies; None if it speaks no TLS."""
        http, base = self.settings.http, self.settings.base
        if not http.tls_cert:
            return None
        return TlsFiles(base / http.tls_cert, base / http.tls_key)

    def dicom_tls(self) -> Callable[[], ssl.SSLContext] | None:
        """Return what makes the TLS of the DICOM port; None without.

        Raises:
            BadConfigurationError: if its files are wrong.
        """
        return Renewed(self.tls_files).context if self.tls_files else None

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

    def desk(self) -> ConsoleDesk:
        """Make what the console and the API look at and act by."""
        settings = self.settings
        times = Times(
            timedelta(minutes=settings.console.idle_minutes),
            timedelta(hours=settings.console.session_hours),
        )
        door = Door(self.ledger, times, now)
        return ConsoleDesk(
            ledger=self.ledger,
            door=door,
            deeds=Deeds(self.ledger, door.passwords, now, door.by_name),
            pages=make_pages(),
            sources=Sources(
                destinations=self.destinations,
                routes=self.routes.current,
                routes_error=lambda: self.routes.error,
                checks=Remembered(lambda: run_checks(self.readiness.checks()), CHECKS_S),
                free_bytes=self.received.free_bytes,
                models=Remembered(lambda: [*figures(settings.shelves, settings.plans)], SHELF_S),
                overview=Remembered(self.ledger.overview, COUNTS_S),
            ),
            routes=RoutesDesk(
                path=settings.routes_file,
                pipelines=self.pipelines,
                own=self.own_door,
                received=self.received,
                judge=lambda routes: Judge(routes, self.pipelines, Versions(self.pipelines), now()),
                versions_kept=settings.retention.routes_versions,
            ),
            images=Images(self.received, self.results, self.album),
            now=now,
        )

    @cached_property
    def album(self) -> Album:
        """The images that people look at in the console, ready to be shown."""
        most = self.settings.console.viewer_mb * 1_000_000
        return Album(self.data / "viewer", Room(most, self.low_water, self.received.free_bytes))

    def router(self) -> Router:
        """Make what decides.

        Raises:
            CardError: the model of a pipeline in use is missing, broken or altered.
        """
        for pipeline in self.in_use():
            self.checked_cards(pipeline)
        return Router(
            ledger=self.ledger,
            received=self.received,
            routes=self.routes.current,
            pipelines=self.pipelines,
            versions=Versions(self.pipelines),
            queue=self.queue,
            now=now,
            versions_kept=self.settings.retention.routes_versions,
        )

    def storekeeper(self) -> Storekeeper:
        """Make what cleans up the spool."""
        days = self.settings.retention
        return Storekeeper(
            ledger=self.ledger,
            received=self.received,
            results=self.results,
            kept=Kept(_days(days.received_days), _days(days.results_days)),
            committing=self.committing,
            now=now,
        )

    def committing(self) -> Collection[str]:
        """Return the destinations in force that are to commit themselves to storage."""
        there = self.routes.current().destinations
        return [name for name, one in there.items() if one.storage_commitment]

    def reporter(self) -> Reporter:
        """Make what tells of studies that were given up."""
        return Reporter(
            ledger=self.ledger,
            received=self.received,
            results=self.results,
            pipelines=self.pipelines,
            cards=self.pipelines.cards,
            accepts=self.accepts,
            product=self.product,
            site_key=self.site_key,
        )

    def more_listeners(self, config: Path | None) -> list[ListenerProcess]:
        """Make the other processes that listen on the same port.

        Raises:
            BadConfigurationError: if there is no port that they could agree on.
        """
        dicom = self.settings.dicom
        if dicom.processes > 1 and not dicom.port:
            raise BadConfigurationError("dicom.processes: several need a dicom.port that is not 0")
        named = ["--config", str(config.resolve())] if config else []
        command = [sys.executable, "-m", "service.listener_process", "--parent", str(getpid())]
        one = ListenerProcess([*command, *named], DRAIN_S + 5)
        return [one] * (dicom.processes - 1)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """The ways by which people are told what goes wrong."""
        return channels_of(self.settings)

    def notifier(self) -> Notifier:
        """Make what tells people."""
        chosen = self.settings.notify
        lookout = Lookout(
            self.ledger,
            self.received.free_bytes,
            self.routes_error,
            timedelta(minutes=chosen.unreached_min),
            chosen.refused_per_h,
        )
        node, limits = sender_of(self.settings).node, limits_of(self.settings)
        desk = Desk(node, lookout, limits, rules_of(chosen), chosen.every_s)
        couriers = {
            name: Courier(name, channel, self.ledger, self.metrics, now)
            for name, channel in self.channels.items()
        }
        return Notifier(desk, self.ledger, couriers, now)

    def routes_error(self) -> str:
        """Return why the routes on the disk are not in force, empty if they are."""
        self.routes.current()
        return self.routes.error

    def embedded_worker(self, config: Path | None) -> EmbeddedWorker:
        """Make the worker beside this process."""
        named = ["--config", str(config.resolve())] if config else []
        command = [sys.executable, "-m", "service.celery_worker", "--parent", str(getpid())]
        return EmbeddedWorker([*command, *named])


def make_queue(settings: Settings) -> CeleryQueue:
    """Return what wakes the workers of the node of those settings.

    Raises:
        BadConfigurationError: if its broker can never be reached.
    """
    queue, worker = settings.queue, settings.worker
    broker = Broker(
        url=queue.broker,
        master=queue.master,
        tls_ca=settings.base / queue.tls_ca if queue.tls_ca else None,
        password=read_password(settings.base / queue.password_file) if queue.password_file else "",
    )
    limits = Limits(worker.soft_limit_s, worker.hard_limit_s)
    return CeleryQueue(make_app(broker, settings.data, limits))


def _days(number: int) -> timedelta | None:
    """Return that many days; None, which is for ever, for 0."""
    return timedelta(days=number) if number else None
