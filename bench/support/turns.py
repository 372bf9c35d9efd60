"""A node, or a script that is none, between a modality and a PACS: what some studies take it."""

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import sqlalchemy as sa
from pydicom import dcmread
from support.receivers import CALLED, Receiver
from support.results import PROJECT
from support.scripts import Make
from support.stamped import StampedStudy

sys.path.insert(0, str(PROJECT / "tests"))

from peers.dcmtk import StoreScp, storescu
from peers.programs import until

from service.ledger.sql import SqlLedger
from service.ledger.tables import turnarounds

VIEWS = 4
LONGEST_S = 1800.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of some studies, one after the other; all in seconds."""

    seconds: float
    """In which they were worked on."""
    processor_seconds: float
    turnarounds: Sequence[float]


@dataclass(frozen=True, slots=True)
class Peers:
    """The modality, which has one study that it makes another each time, and the PACS."""

    study: StampedStudy
    pacs: StoreScp

    def send(self, port: int) -> str:
        """Send a study that nobody has seen; return its UID."""
        uid, paths = self.study.renew()
        store(paths, port)
        return uid

    def got(self, results: int) -> None:
        """Forget what the PACS was sent.

        Raises:
            SystemExit: these are not so many results.
        """
        came = self.pacs.files()
        if len(came) != results:
            raise SystemExit(f"{len(came)} of {results} results came: it is not measured")
        for path in came:
            path.unlink()


@dataclass(frozen=True, slots=True)
class Node:
    """A whole node."""

    peers: Peers
    receiver: Receiver
    ledger: SqlLedger

    def alone(self, studies: int) -> Turn:
        """Send each study when the one before is through."""
        return self._timed(studies, wait=True)

    def backlog(self, studies: int) -> Turn:
        """Send all, and wait until they are through."""
        return self._timed(studies, wait=False)

    def _timed(self, studies: int, *, wait: bool) -> Turn:
        began, busy, sent = time.monotonic(), self.receiver.processor_seconds(), []
        for _ in range(studies):
            sent.append(self.peers.send(self.receiver.port))
            if wait:
                self._wait_for(sent)
        self._wait_for(sent)
        busy = self.receiver.processor_seconds() - busy
        self.peers.got(studies * VIEWS * 2)  # an image and a report of each view
        return Turn(time.monotonic() - began, busy, self._through(sent))

    def _wait_for(self, sent: Sequence[str]) -> None:
        until(lambda: len(self._through(sent)) == len(sent), LONGEST_S, 0.1)

    def _through(self, sent: Sequence[str]) -> Sequence[float]:
        of_these = turnarounds.c.study_instance_uid.in_(sent)
        with self.ledger.database.reading() as connection:
            return connection.scalars(sa.select(turnarounds.c.seconds).where(of_these)).all()


@dataclass(frozen=True, slots=True)
class Script:
    """A loop over studies that a storescp has put into a folder."""

    peers: Peers
    inbox: StoreScp
    make: Make
    results: int
    """Of each view."""

    def turn(self, studies: int) -> Turn:
        """Work on each when it is there."""
        busy, took = 0.0, []
        for _ in range(studies):
            self.peers.send(self.inbox.port)
            began, busy_before = time.monotonic(), _processor_seconds()
            self._work()
            took.append(time.monotonic() - began)
            busy += _processor_seconds() - busy_before
        self.peers.got(studies * VIEWS * self.results)
        return Turn(sum(took), busy, took)

    def _work(self) -> None:
        """Send what is made of all files, and remove them."""
        files, written = self.inbox.files(), []
        for made in chain.from_iterable(self.make(dcmread(path)) for path in files):
            written.append(self.inbox.folder / f"{made.SOPInstanceUID}.result")
            made.save_as(written[-1], enforce_file_format=True)
        store(written, self.peers.pacs.port)
        for path in (*files, *written):
            path.unlink()


def store(paths: Sequence[Path], port: int) -> None:
    """Send files by dcmtk's storescu.

    Raises:
        SystemExit: not all were taken.
    """
    sent = storescu(paths, port, called=CALLED)
    if sent.returncode:
        raise SystemExit(f"storescu: {sent.output}")


def _processor_seconds() -> float:
    """Return those of this process and of its children that have ended."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)
