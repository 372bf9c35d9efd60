"""How models fared on the hosts where they were held against the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import verifications

KEY = ("model", "version", "backend", "device", "host")
KEPT = 1000
"""Outcomes that stay: each pod is a host of its own, and each version of a model another."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The last outcome for one way to run a model on one host; None where nothing was measured."""

    model: str
    version: str
    backend: str
    device: str
    host: str
    weights: str
    """SHA-256 of the weights that were tried."""
    state: str
    """``passed``, ``failed`` or ``not here``."""
    reason: str
    psnr: float | None
    """In dB of a range of 1."""
    maximum: float | None
    """The farthest that an answer strayed."""
    agreement: float | None
    """The share that was given the same class."""
    seconds: float
    at: datetime
    release: str
    """Of what tried it."""


class Verifications(Protocol):
    """What `senoscope engines verify` found."""

    def keep_verifications(self, found: Sequence[Verified]) -> None:
        """Keep each in the place of an earlier outcome for the same; let go of those long ago."""

    def verifications(self) -> Sequence[Verified]:
        """Return all, by model, version, back end, device and host."""
        ...


_OLDEST_KEPT = (
    sa.select(verifications.c.at)
    .order_by(verifications.c.at.desc())
    .offset(KEPT - 1)
    .limit(1)
    .scalar_subquery()
)


class SqlVerifications(Part):
    """See `Verifications`."""

    __slots__ = ()

    def keep_verifications(self, found: Sequence[Verified]) -> None:
        """See Verifications."""
        with self.database.writing() as connection:
            for one in found:
                values = values_of(one)
                put = self.database.insert(verifications).values(**values)
                connection.execute(put.on_conflict_do_update(index_elements=KEY, set_=values))
            connection.execute(verifications.delete().where(verifications.c.at < _OLDEST_KEPT))

    def verifications(self) -> Sequence[Verified]:
        """See Verifications."""
        chosen = sa.select(*columns_of(verifications, Verified))
        with self.database.reading() as connection:
            rows = connection.execute(chosen.order_by(*(verifications.c[one] for one in KEY)))
            return records_of(Verified, rows)
