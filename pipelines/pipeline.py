"""What a pipeline is, and what it needs beyond the image."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydicom import Dataset

from engines.engine import Engine


@dataclass(frozen=True, slots=True)
class Product:
    """This installation, as it signs its results."""

    version: str
    device_serial_number: str
    station_name: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a pipeline needs beyond the image.

    `site_key` keys the hash of derived UIDs; `made_at` is when the job was created, so that the
    same job gives the same bytes; `progress` wraps each stage by its name.
    """

    engine: Engine
    product: Product
    site_key: bytes
    made_at: datetime
    progress: Callable[[str], AbstractContextManager[None]]


class Pipeline(Protocol):
    """A recipe: one image and an engine in, results out."""

    @property
    def name(self) -> str:
        """What routes call it."""
        ...

    @property
    def network(self) -> str:
        """The model on the shelf that it runs on."""
        ...

    def skips(self, header: Dataset) -> str | None:
        """Return why an image with this header is not processed, None if it is.

        The reasons are few and fixed: they label metrics.
        """
        ...

    def run(self, image: Dataset, context: Context) -> list[Dataset]:
        """Return the results of `image`.

        Raises:
            CannotProcessError: the image is broken or beyond what is supported.
        """
        ...
