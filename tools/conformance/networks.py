"""Networks for samples of results: what they answer is plain, and needs no weights."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.card import Card, Chain, Code, Input, Label, Tolerance, Training
from engines.engine import Batch
from engines.shelf import find_card
from pipelines.pipeline import ON_REGIONS
from service.settings import packaged_models

MASS = Label(name="mass", code=Code(value="4147007", scheme="SCT", meaning="Mass"))
SHIPPED = "resnet50"
"""The classifier that comes with Senoscope: its labels are those of the samples."""
CHAIN = Chain(
    super_resolution="region-enlarger",
    segmentation="outliner",
    classification="classifier",
    least_certainty=0.3,
    most_findings=4,
    suspicious=0.6,
)
PLAIN = Card(
    folder=Path(),
    name="plain",
    version="1",
    summary="Answers what is plain to see.",
    labels=(MASS,),
    task="segmentation",
    sha256="0" * 64,
    halo=0,
    tile=64,
    precisions=("fp32",),
    input=Input(channels=1, range=(0, 1), normalisation="own range"),
    tolerance=Tolerance(maximum=1, root_mean_square=1),
    training=Training(data="none", licence="none", recipe="none", command="none"),
)


@dataclass(frozen=True)
class Plain:
    """Answers to each batch what `answer` makes of it."""

    card: Card
    answer: Callable[[Batch], Batch]
    backend: str = "numpy"

    def __call__(self, batch: Batch) -> Batch:
        """Return the answer."""
        return self.answer(batch)

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the answers."""
        return map(self, batches)

    def close(self) -> None:
        """Hold nothing."""


def networks(version: str, probability: float, sees_from: float) -> dict[str, Plain]:
    """Return the networks of all pipelines, of that version, by their names on a shelf."""
    of_all = {"version": version, "sha256": version[-1] * 64}

    def card(name: str, **changes: object) -> Card:
        return replace_card(PLAIN, {"name": name, **of_all, **changes})

    seen = {"task": "segmentation", "labels": (MASS,)}
    labels = find_card(packaged_models(), SHIPPED).labels
    judged = {"task": "classification", "labels": labels}
    bright = _brighter(sees_from)
    made = (
        Plain(card("enlarger", task="super-resolution", scale=2, tile=512), _repeated),
        Plain(card("region-enlarger", task="super-resolution", scale=2, tile=64), _repeated),
        Plain(card("detector", **seen, tile=256, chain=CHAIN), bright),
        Plain(card("outliner", **seen, tile=128), _brighter(0.5)),
        Plain(card("classifier", **judged), _sure(probability)),
    )
    on_regions = {f"{CHAIN.super_resolution}{ON_REGIONS}": made[1]}
    return {one.card.name: one for one in made} | on_regions


def replace_card(card: Card, changes: dict[str, object]) -> Card:
    """Return `card` with these changes."""
    return card.model_copy(update=changes)


def _repeated(batch: Batch) -> Batch:
    return np.repeat(np.repeat(batch, 2, axis=2), 2, axis=3)


def _brighter(threshold: float) -> Callable[[Batch], Batch]:
    return lambda batch: (batch > threshold).astype(np.float32)


def _sure(probability: float) -> Callable[[Batch], Batch]:
    answer = np.array([[1 - probability, probability]], np.float32)
    return lambda batch: np.repeat(answer, len(batch), axis=0)
