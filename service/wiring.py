"""The one place where everything meets: from the settings to the parts of the node."""

import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from prometheus_client import CollectorRegistry

from engines.card import Card, CardError
from engines.shelf import find_card, verify
from pipelines.catalogue import PIPELINES
from pipelines.pipeline import Product
from service.errors import BadConfigurationError, UnavailableError
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger
from service.ledger.sql import open_ledger as open_sql_ledger
from service.metrics import Metrics
from service.router.routes_file import RoutesFile
from service.settings import Settings, load_settings
from service.version import VERSION

SITE_KEY_BYTES = 32


def now() -> datetime:
    """Return the time; every part that needs a clock is given this one."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock


def settings_of(config: Path | None) -> Settings:
    """Return the settings of that file, or of the one that is found."""
    return load_settings(config)


def open_ledger(config: Path | None) -> SqlLedger:
    """Return the ledger that those settings name."""
    return Parts(settings_of(config)).ledger


@dataclass(frozen=True)
class Parts:
    """The parts of a node, each made when it is first asked for."""

    settings: Settings

    @cached_property
    def ledger(self) -> SqlLedger:
        """What was received, decided, done and sent."""
        self.data.mkdir(parents=True, exist_ok=True)
        return open_sql_ledger(self.settings.ledger_url, now)

    @property
    def data(self) -> Path:
        """The folder of everything that this node keeps."""
        return self.settings.data

    @cached_property
    def received(self) -> Spool:
        """What came in."""
        return Spool(self.data / "received")

    @cached_property
    def results(self) -> Spool:
        """What goes out."""
        return Spool(self.data / "results")

    @cached_property
    def routes(self) -> RoutesFile:
        """The clinic's routes, as they are now."""
        path = self.settings.routes_file
        if not path.is_file():
            raise BadConfigurationError(
                f"{path}: no such file; it says who may send and where results go: "
                "begin with deploy/routes.toml, see docs/routes.md"
            )
        return RoutesFile(path, PIPELINES)

    @cached_property
    def cards(self) -> Mapping[str, Card]:
        """The card of each pipeline's network, its weights checked."""
        return {name: self._card(pipeline.network) for name, pipeline in PIPELINES.items()}

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

    def _card(self, network: str) -> Card:
        try:
            card = find_card(self.settings.models_dir, network)
            verify(card)
        except CardError as error:
            raise BadConfigurationError(str(error)) from None
        return card


def read_or_make_key(path: Path) -> bytes:
    """Return the site key in that file; make it, durable and for us alone, if there is none.

    Raises:
        BadConfigurationError: if it is too short to be a key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with open(part, "w", encoding="ascii", opener=_for_us_alone) as file:  # noqa: PTH123
            file.write(secrets.token_hex(SITE_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        _link_unless_there(part, path)
    key = path.read_bytes().strip()
    if len(key) < SITE_KEY_BYTES:
        raise BadConfigurationError(f"{path}: a site key has {SITE_KEY_BYTES} bytes or more")
    return key


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _link_unless_there(part: Path, path: Path) -> None:
    """Give the new file its name; the first of several processes wins."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()
