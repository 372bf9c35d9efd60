"""The one place where everything meets: from the parts to what runs."""

import logging
import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from engines.engine import Engine
from engines.gpu_memory import gpu_memory
from engines.machine import gpus
from pipelines.pipeline import Context
from service.alive import AliveFile
from service.assembly.receiving import DRAIN_S
from service.canary.figures import CanaryCollector
from service.canary.standing import NAME as CANARY
from service.canary.standing import Schedule
from service.checks import Check, Checks, run_checks
from service.clock import now
from service.console.app import add_console
from service.console.remembered import Remembered
from service.errors import BadConfigurationError, UnavailableError, did_you_mean
from service.exposition import HereCollector, LedgerCollector, NodeCollector
from service.http.app import make_app as make_http_app
from service.http.server import listen, serve_http
from service.metrics import Metrics
from service.node import Loop, Node, Role
from service.notify.standing import standing_for_anybody
from service.notify.trial import Tried, try_each
from service.observer import Observer
from service.offline import USUAL_WISH, Offline, Wish
from service.parts import Parts
from service.readiness import spool_answers
from service.settings import Settings, load_settings
from service.systemd import Systemd
from service.teller import Teller
from service.tiles.album import Album
from service.tracing import collect
from service.version import VERSION
from service.worker.day import day_of
from service.worker.sweeper import Sweeper
from service.worker.worker import Worker

logger = logging.getLogger(__name__)

TAKEN_AFTER = timedelta(seconds=30)
"""Past the hard limit, when the process should be dead, the ledger takes the job from it."""
LOOK_S = 2.0
"""How often it is looked whether the threads behind the ports are still there."""
HERE = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that only this machine reaches."""
SHOWN_S, TIDY_S = 86_400.0, 600.0
"""An image that nobody opened for so long is not kept ready to be shown; looked at so often."""
READY_S = 1.0
"""How long an answer of /readyz holds: anybody may ask, as often as they like."""
USAGE_S = 30.0
"""How long it holds how full the spool is: to count that takes a while where there is much."""
STALE_S = 3600.0
"""A half-written file that nobody touched for so long is nobody's: its writer was killed."""


def make_node(config: Path | None, roles: frozenset[Role]) -> Node:
    """Return the node of those settings, doing those roles."""
    parts = Parts(load_settings(config))
    collect(parts.settings.traces.endpoint)
    loops: dict[str, Loop] = {}
    if Role.LISTENER in roles:
        loops["listener"] = _listening(parts)
        for number, more in enumerate(parts.more_listeners(config), 2):
            loops[f"listener {number}"] = more.run
        loops["commitments"] = parts.reports().run
    if Role.ROUTER in roles:
        loops["router"] = parts.router().run
        loops["sweeper"] = Sweeper(parts.ledger, parts.queue, now).run
        loops["reporter"] = parts.reporter().run
        loops["storekeeper"] = parts.storekeeper().run
    if Role.DELIVERY in roles:
        loops["delivery"] = parts.senders().run
        loops["turnarounds"] = parts.turnarounds().run
    if Role.CONSOLE in roles:
        observer = Observer(_needed(parts))
        loops["http"] = _answering(parts, observer)
        loops["observer"] = observer.run
        if parts.channels:
            loops["notify"] = parts.notifier().run
        loops |= _canaries(parts)
    if Role.WORKER in roles:
        loops["worker"] = parts.embedded_worker(config).run
    told = sorted(roles - {Role.WORKER})  # a worker tells of itself
    teller = parts.teller(told, parts.look_at_routes)
    loops["metrics"] = teller.run
    sole = frozenset() if parts.settings.ledger.url else roles
    alive = AliveFile(parts.settings.alive_path)
    return Node(
        loops,
        parts.data,
        sole,
        Systemd.from_environment(),
        alive,
        partial(_put_away, parts, teller),
    )


def try_channels(config: Path | None) -> list[Tried]:
    """Return what became of a test message by each channel that those settings name.

    Raises:
        BadConfigurationError: if they name none.
    """
    parts = Parts(load_settings(config))
    if not parts.channels:
        raise BadConfigurationError(
            "nobody is told anything: set notify.mail.host or notify.webhook.url, "
            "see docs/notifications.md"
        )
    return try_each(parts.channels, now())


def make_worker(settings: Settings, device: str) -> Worker:
    """Return the worker of that device, in the process that calls."""
    parts = Parts(settings)
    collect(settings.traces.endpoint)
    opening = threading.Lock()

    @cache
    def opened(network: str) -> Engine:
        return parts.opened(network, device)

    def engine(network: str) -> Engine:
        with opening:  # the thread that tells of the worker opens engines too
            return opened(network)

    return Worker(
        ledger=parts.ledger,
        received=parts.received,
        results=parts.results,
        pipelines=parts.pipelines,
        accepts=parts.accepts,
        in_use=parts.in_use,
        open_engine=engine,
        product=parts.product,
        site_key=parts.site_key,
        device=device,
        now=now,
        tell=parts.teller([Role.WORKER], partial(_gpus_are_measured, parts.metrics, device)).tell,
        within=timedelta(seconds=settings.worker.hard_limit_s) + TAKEN_AFTER,
    )


def _gpus_are_measured(metrics: Metrics, device: str) -> None:
    for one in gpus() if device == "auto" else [device]:
        found = gpu_memory(one)
        if found is not None:
            metrics.gpu_memory(socket.gethostname(), one, *found)


def make_offline(
    config: Path | None, pipeline: str, device: str, out: Path, wish: Wish = USUAL_WISH
) -> Offline:
    """Return what runs that pipeline on files, and makes of them what is wished for.

    Raises:
        BadConfigurationError: if there is no such pipeline.
        CardError: if the model of its network is missing, broken or altered.
        UnusableError: if that network cannot be opened on `device`.
    """
    parts = Parts(load_settings(config))
    if pipeline not in parts.pipelines:
        there = ", ".join(parts.pipelines)
        hint = did_you_mean(pipeline, parts.pipelines)
        raise BadConfigurationError(f"there is no pipeline {pipeline!r}{hint}; there is {there}")
    cards = parts.checked_cards(pipeline)
    networks = parts.pipelines[pipeline].networks
    engines = {network: parts.opened(network, device) for network in networks}
    context = Context(
        engine_of=engines.__getitem__,
        product=parts.product,
        site_key=parts.site_key,
        made_at=day_of(now()),
        kinds=wish.kinds,
        regions=wish.regions,
    )
    return Offline(parts.pipelines[pipeline], cards, context, out, wish.allowed)


def _put_away(parts: Parts, teller: Teller) -> None:
    """Tell the last of it; SQLite moves its log into its file when the last process closes it."""
    teller.end()
    parts.ledger.close()


def _people_are_told_or_not(parts: Parts, name: str) -> Check:
    return standing_for_anybody(name, parts.channels[name], parts.quick_ledger, now())


def _listening(parts: Parts) -> Loop:
    listener = parts.listener()

    def run(stop: threading.Event) -> None:
        listener.start()
        spool = spool_answers(parts.received)
        if not spool.ok:
            logger.error("nothing can be kept, senders are told to try again: %s", spool.detail)
        _sweep(parts)
        swept = time.monotonic()
        while not stop.wait(LOOK_S) and listener.is_alive:  # if it died, the node stops and says so
            if time.monotonic() - swept >= STALE_S:
                swept = time.monotonic()
                _sweep(parts)
        listener.stop(DRAIN_S)

    return run


def _sweep(parts: Parts) -> None:
    """Remove what writers that were killed left half written."""
    for spool in (parts.received, parts.results):
        with suppress(UnavailableError):  # a disk that fails: it is tried again
            spool.sweep_incoming(time.time() - STALE_S)


def _forget_images(album: Album) -> None:
    """Remove what nobody has looked at for long: images do not outlast their retention for it."""
    with suppress(UnavailableError):  # a disk that fails: it is tried again
        album.sweep(time.time() - SHOWN_S)


def _canaries(parts: Parts) -> dict[str, Loop]:
    """Return what sends phantom studies every so often, if it is wanted."""
    every_s = parts.settings.canary.every_s
    if not every_s:
        return {}
    return {CANARY: Schedule(parts.canary().run, parts.canary_standing, every_s).run}


def _needed(parts: Parts) -> Checks:
    """Return what must hold for the node to take work."""
    checks = dict(parts.readiness.checks())
    for name in parts.channels:
        checks[f"notify {name}"] = partial(_people_are_told_or_not, parts, name)
    if parts.settings.canary.every_s:
        checks[CANARY] = parts.canary_standing.check
    return checks


def _expose(parts: Parts, observer: Observer) -> None:
    """Let Prometheus be told of the whole node."""
    ledger, is_reachable = parts.quick_ledger, observer.is_reachable
    usages = (Remembered(ledger.spool_usage, USAGE_S), Remembered(parts.received.usage, USAGE_S))
    parts.registry.register(NodeCollector(ledger, parts.metrics.families, is_reachable))
    parts.registry.register(LedgerCollector(ledger, is_reachable))
    parts.registry.register(HereCollector(observer.found, parts.received.free_bytes, usages))
    parts.registry.register(CanaryCollector(parts.canary_standing.last))


def _answering(parts: Parts, observer: Observer) -> Loop:
    _expose(parts, observer)
    checks = _needed(parts)
    found = Remembered(lambda: run_checks(checks), READY_S)
    app = make_http_app(VERSION, parts.registry, found, [parts.stow()])
    desk = parts.desk()
    with suppress(UnavailableError):  # a disk that fails: who opens an image is told
        desk.images.album.clear()
    add_console(app, desk)
    http, files = parts.settings.http, parts.settings.http_tls_files
    tls = files.context() if files is not None else None
    if tls is None and not http.trusted_proxies and http.host not in HERE:
        logger.warning("passwords and tokens come over the network in the clear: set http.tls_cert")
    listening = listen(http.host, http.port)
    tidy = Remembered(lambda: _forget_images(desk.images.album), TIDY_S)

    def run(stop: threading.Event) -> None:
        server = serve_http(app, listening, tls, [str(one) for one in http.trusted_proxies])
        with suppress(UnavailableError):  # the page where people sign in says it too
            if desk.door.is_deserted():
                logger.warning("nobody can sign in yet: senoscope users add NAME --role admin")
        while not stop.wait(LOOK_S) and server.is_alive:
            tidy()
        server.stop()

    return run
