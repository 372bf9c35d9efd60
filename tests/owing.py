"""Results that are owed, and destinations that take them well or badly, for tests of delivery."""

from contextlib import contextmanager
from pathlib import Path

from clock import Clock
from phantoms import mammogram
from pynetdicom import AE, AllStoragePresentationContexts, evt

from service.delivery.outbox import Outbox
from service.delivery.way import Way
from service.ledger.records import DeliveryState, Instance, Job, Priority, Result
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger


class Owing:
    """A ledger and spool of results that owe objects to destinations."""

    def __init__(self, folder: Path, clock) -> None:
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", clock)
        self.spool = Spool(folder / "results")
        self.received = Spool(folder / "received")
        self.clock = clock
        self.jobs = 0
        self.up: dict[str, bool] = {}

    def outbox(self, owner: str = "me") -> Outbox:
        return Outbox(self.ledger, self.spool, self.received, owner, self.clock)

    def way(self, name: str = "pacs") -> Way:
        return Way(name, self.up.__setitem__)

    def owe(self, *destinations: str, lane: Priority = Priority.ROUTINE) -> str:
        """Owe a new object to each of `destinations`, later than the last; return its UID."""
        if isinstance(self.clock, Clock):
            self.clock.pass_(0.001)
        image = mammogram("LCC", seed=self.jobs, rows=96, columns=64)
        self.jobs += 1
        path = self.spool.keep_dataset(image)
        uid, study = str(image.SOPInstanceUID), str(image.StudyInstanceUID)
        source = f"1.2.{self.jobs}"
        syntax = str(image.file_meta.TransferSyntaxUID)
        self.ledger.record(
            Instance(source, "1.2", study, "1.2", syntax, "MAMMO1", "", 1, "", self.clock())
        )
        job = Job(
            f"job{self.jobs}", study, (source,), "r", "sr", destinations, lane,
            self.clock(), self.clock(),
        )  # fmt: skip
        self.ledger.decide([], [job])
        result = Result(
            uid,
            str(image.SOPClassUID),
            "1.2",
            study,
            syntax,
            path.stat().st_size,
            "gsps",
            destinations,
        )
        assert self.ledger.finish(self.ledger.claim("worker", job.job_id), [result], {})
        return uid

    def states(self) -> dict[str, DeliveryState]:
        return {one.sop_instance_uid: one.state for one in self.ledger.deliveries()}


@contextmanager
def scp(answer=lambda _: 0):
    """Run a storage SCP; yield its port and what came, in its order.

    `answer` gives the status for a SOP Instance UID, or None to abort.
    """
    came = []

    def store(event):
        came.append(str(event.request.AffectedSOPInstanceUID))
        status = answer(came[-1])
        if status is None:
            event.assoc.abort()
            return 0
        return status

    ae = AE(ae_title="PACS")
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        contexts=AllStoragePresentationContexts,
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )
    try:
        yield server.server_address[1], came
    finally:
        server.shutdown()
