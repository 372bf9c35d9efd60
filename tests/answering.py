"""Engines for tests of pipelines that classify and segment: their answers are plain to see."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engines.card import Card, Input, Label, Tolerance, Training
from engines.engine import Batch


def card(task: str, labels: Iterable[Label], **changes: Any) -> Card:
    stated = {
        "folder": Path(),
        "name": "plain",
        "version": "3",
        "summary": "Answers as a test needs it.",
        "task": task,
        "sha256": "0" * 64,
        "halo": 0,
        "tile": 64,
        "labels": tuple(labels),
        "precisions": ("fp32",),
        "input": Input(channels=1, range=(0, 1), normalisation="own range"),
        "tolerance": Tolerance(maximum=1, root_mean_square=1),
        "training": Training(data="none", licence="none", recipe="none", command="none"),
    }
    return Card(**{**stated, **changes})


@dataclass
class Answering:
    """Answers to each batch what `answer` makes of it."""

    card: Card
    answer: Callable[[Batch], Batch]
    backend: str = "numpy"

    def __call__(self, batch: Batch) -> Batch:
        return self.answer(batch)

    def stream(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        return map(self, batches)

    def close(self) -> None:
        pass


def classifier(*probabilities: float, labels: Iterable[Label], **changes: Any) -> Answering:
    """Return an engine that answers these, whatever it sees."""
    answer = np.array([probabilities], np.float32)
    return Answering(card("classification", labels, **changes), lambda _: answer)


def brightness(*thresholds: float, labels: Iterable[Label], **changes: Any) -> Answering:
    """Return an engine that sees each label where the image is brighter than its threshold."""
    made = card("segmentation", labels, **changes)
    edge = slice(made.halo, made.tile - made.halo)

    def answer(batch: Batch) -> Batch:
        inside = batch[..., edge, edge]
        return np.concatenate([inside > one for one in thresholds], axis=1).astype(np.float32)

    return Answering(made, answer)
