"""Can this node take work? One check for each thing that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.checks import Check
from service.delivery.target import Target
from service.errors import NodeError
from service.ledger.ledger import Ledger
from service.ledger.spool import Spool
from service.queue.queue import Queue
from service.router.routes_file import RoutesFile

MB = 1_000_000
LOOKED_AT = 1000
"""Images that are looked for in the spool: enough to see that a disk or bucket is another."""


@dataclass(frozen=True)
class Readiness:
    """Looks at what the node needs."""

    ledger: Ledger
    queue: Queue
    received: Spool
    routes: RoutesFile
    low_water: int

    def disk(self) -> Check:
        """Is there room for what comes in?"""
        free = self.received.free_bytes()
        detail = f"{free / MB:.0f} MB free, {self.low_water / MB:.0f} MB must stay"
        return Check("disk", free > self.low_water, detail)

    def spool_answers(self) -> Check:
        """Can what comes in be kept?"""
        return _tried("spool", self.received.check, "can be written to")

    def files_are_there(self) -> Check:
        """Is the file of each image there that the ledger knows? It looks at the newest ones."""
        try:
            newest = self.ledger.newest_received(LOOKED_AT)
            lost = [
                one.sop_instance_uid
                for one in newest
                if not self.received.exists(one.sop_instance_uid, one.version)
            ]
        except NodeError as error:
            return Check("files", ok=False, detail=str(error))
        if lost:
            told = f"{len(lost)} of the newest {len(newest)} are gone, as {lost[0]}: send again"
            return Check("files", ok=False, detail=told)
        return Check("files", ok=True, detail=f"all of the newest {len(newest)} are there")

    def ledger_answers(self) -> Check:
        """Can the ledger be written to?"""
        return _tried("ledger", self.ledger.ping, "can be written to")

    def broker_answers(self) -> Check:
        """Can workers be woken?"""
        return _tried("broker", self.queue.ping, "answers")

    def worker_is_there(self) -> Check:
        """Is there a worker with its engines open?"""
        workers = self.ledger.workers()
        engines = ", ".join(sorted({name for worker in workers for name in worker.engines}))
        if not workers:
            detail = "none is ready: is `senoscope serve` up? its log says more"
            return Check("worker", ok=False, detail=detail)
        return Check("worker", ok=True, detail=f"{len(workers)} with {engines}")

    def routes_in_force(self) -> Check:
        """Are the routes on the disk those in force?"""
        routes = self.routes.current()
        detail = self.routes.error or f"{len(routes.routes)} in force"
        return Check("routes", self.routes.reload_ok, detail)

    def checks(self) -> Mapping[str, Callable[[], Check]]:
        """Return all of them by name."""
        return {
            "disk": self.disk,
            "spool": self.spool_answers,
            "ledger": self.ledger_answers,
            "broker": self.broker_answers,
            "worker": self.worker_is_there,
            "routes": self.routes_in_force,
        }


def destination_answers(name: str, target: Target) -> Check:
    """Does that destination answer: C-ECHO, or a question to its web service?"""
    return _tried(f"destination {name}", target.echo, f"{target} answers")


def _tried(name: str, deed: Callable[[], None], fine: str) -> Check:
    try:
        deed()
    except NodeError as error:
        return Check(name, ok=False, detail=str(error))
    return Check(name, ok=True, detail=fine)
