"""Can this node take work? One check for each thing that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from service.checks import Check, tried
from service.delivery.target import Target
from service.ledger.ledger import Ledger
from service.ledger.spool import Spool
from service.metrics import DISTRUSTED
from service.queue.queue import Queue
from service.router.routes_file import RoutesFile

MB = 1_000_000
LOOKED_AT = 1000
"""Images that are looked for in the spool: enough to see that a disk or bucket is another."""
CLOCKS_APART = timedelta(seconds=5)
"""More than that, and leases, pauses and quiet times are no longer what they say."""


@dataclass(frozen=True)
class Readiness:
    """Looks at what the node needs."""

    ledger: Ledger
    queue: Queue
    received: Spool
    routes: RoutesFile
    low_water: int

    def checks(self) -> Mapping[str, Callable[[], Check]]:
        """Return all of them by name."""
        return {
            "disk": lambda: disk_has_room(self.received, self.low_water),
            "spool": lambda: spool_answers(self.received),
            "ledger": lambda: ledger_answers(self.ledger),
            "clock": lambda: clock_is_right(self.ledger),
            "broker": lambda: broker_answers(self.queue),
            "worker": lambda: worker_is_there(self.ledger),
            "routes": lambda: routes_in_force(self.routes),
        }


def disk_has_room(received: Spool, low_water: int) -> Check:
    """Is there room for what comes in?"""
    free = received.free_bytes()
    detail = f"{free / MB:.0f} MB free, {low_water / MB:.0f} MB must stay"
    return Check("disk", free > low_water, detail)


def spool_answers(received: Spool) -> Check:
    """Can what comes in be kept?"""
    return tried("spool", received.check, "can be written to")


def files_are_there(ledger: Ledger, received: Spool) -> Check:
    """Is the file of each image there that the ledger knows? It looks at the newest ones."""
    newest = ledger.newest_received(LOOKED_AT)
    lost = [
        one.sop_instance_uid
        for one in newest
        if not received.exists(one.sop_instance_uid, one.version)
    ]
    if lost:
        told = f"{len(lost)} of the newest {len(newest)} are gone, as {lost[0]}: send again"
        return Check("files", ok=False, detail=told)
    return Check("files", ok=True, detail=f"all of the newest {len(newest)} are there")


def ledger_answers(ledger: Ledger) -> Check:
    """Can the ledger be written to?"""
    return tried("ledger", ledger.ping, "can be written to")


def broker_answers(queue: Queue) -> Check:
    """Can workers be woken?"""
    return tried("broker", queue.ping, "answers")


def worker_is_there(ledger: Ledger) -> Check:
    """Is there a worker with its engines open?"""
    workers = ledger.workers()
    engines = ", ".join(sorted({name for worker in workers for name in worker.engines}))
    if not workers:
        told = "; ".join(_unfit(ledger)) or "is `senoscope serve` up? its log says more"
        return Check("worker", ok=False, detail=f"none is ready: {told}")
    remarks = "; ".join([f"{len(workers)} with {engines}", *_unfit(ledger), *_distrusted(ledger)])
    return Check("worker", ok=True, detail=remarks)


def devices_compute_rightly(ledger: Ledger) -> Check:
    """Does every device of the workers compute as the reference does?"""
    wrong = _distrusted(ledger)
    told = (
        f"{'; '.join(wrong)}: another does its work" if wrong else "compute as the reference does"
    )
    return Check("devices", ok=not wrong, detail=told)


def clock_is_right(ledger: Ledger) -> Check:
    """Does this host's clock go as that of the ledger, and of those who work for it?"""
    return told_of_clock(ledger.clock_behind())


def told_of_clock(behind: timedelta) -> Check:
    """Return whether a clock that is so far behind the ledger's is right."""
    if abs(behind) <= CLOCKS_APART:
        return Check("clock", ok=True, detail="goes as the ledger's")
    way = "behind" if behind > timedelta() else "ahead of"
    seconds = abs(behind.total_seconds())
    detail = f"this host's clock is {seconds:.0f} s {way} the ledger's: set both by NTP"
    return Check("clock", ok=False, detail=detail)


def routes_in_force(routes: RoutesFile) -> Check:
    """Are the routes on the disk those in force?"""
    current = routes.current()
    detail = routes.error or f"{len(current.routes)} in force"
    return Check("routes", routes.reload_ok, detail)


def destination_answers(name: str, target: Target) -> Check:
    """Does that destination answer: C-ECHO, or a question to its web service?"""
    return tried(f"destination {name}", target.echo, f"{target} answers")


def _unfit(ledger: Ledger) -> list[str]:
    return [f"{one.device} cannot: {one.reason}" for one in ledger.unfit_workers()]


def _distrusted(ledger: Ledger) -> list[str]:
    """Return the devices that compute wrongly while others do their work, each by which network."""
    told = {
        "{host}: {device} computes wrongly by {backend} ({engine})".format(**dict(one.labels))
        for process in ledger.processes()
        for one in process.measures
        if one.name == DISTRUSTED and one.value
    }
    return sorted(told)
