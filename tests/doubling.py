"""An engine for tests that need one but not its network: every pixel becomes four."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom import Dataset

from engines.card import Card, Input, Tolerance, Training
from engines.engine import Batch, Engine
from pipelines.pipeline import Context, Pipeline, Product

CARD = Card(
    folder=Path(),
    name="doubling",
    version="1",
    summary="Every pixel becomes four.",
    task="super-resolution",
    scale=2,
    sha256="0" * 64,
    halo=0,
    tile=512,
    precisions=("fp32",),
    input=Input(channels=1, range=(0, 1), normalisation="own range"),
    tolerance=Tolerance(maximum=1, root_mean_square=1),
    training=Training(data="none", licence="none", recipe="none", command="none"),
)


class DoublingEngine:
    """Repeats every pixel in both directions."""

    card = CARD
    backend = "numpy"

    def __call__(self, batch: Batch) -> Batch:
        return np.repeat(np.repeat(batch, 2, axis=2), 2, axis=3)

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        return map(self, batches)

    def close(self) -> None:
        pass


def results_of(pipeline: Pipeline, image: Dataset, given: Context) -> list[Dataset]:
    """Return what a pipeline makes of one image."""
    return [made.dataset for made in pipeline.run([image], given).made]


def context(engine: Engine | None = None, **changes: object) -> Context:
    used = engine or DoublingEngine()
    stated = {
        "engine_of": lambda _: used,
        "product": Product("0.1.0", "SERIAL-1", "SENOSCOPE"),
        "site_key": b"a key of this site",
        "made_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return Context(**{**stated, **changes})
