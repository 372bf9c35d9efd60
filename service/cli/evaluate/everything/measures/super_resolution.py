"""How near enlarged images come to the real ones: every model that enlarges, on every set."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

import numpy as np

from engines.backends.openvino import open_openvino
from engines.card import Card
from engines.evaluation.bootstrap import Interval, intervals
from engines.evaluation.scores import Score
from engines.evaluation.table import BICUBIC, ImageSet, Method, bicubic, judged
from engines.windowed import as_served
from service.cli.evaluate.bench import Bench, titled
from service.cli.evaluate.enlarging import enlarger
from service.cli.evaluate.everything.parts import Done, Part, Watch, digests_of
from service.cli.evaluate.everything.tables import Column, Table

CHAPTER = "super-resolution"

SMALL = 200_000
"""Bytes of weights up to which a network is fast: it is measured in fp32 too, and on all films."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An image, whose it is, and the score of each method."""

    image: str
    patient: str
    scores: dict[str, Score]


@dataclass(frozen=True, slots=True)
class Enlarged:
    """How a model does on a set: each image's scores, bicubic's among them."""

    model: str
    scale: int
    set: str
    images: tuple[Scored, ...]

    @property
    def methods(self) -> list[str]:
        """The ways in which the network was run, fp32 first."""
        return sorted(set(self.images[0].scores) - {BICUBIC}, key=lambda name: "fp32" not in name)


def parts(
    bench: Bench, cards: Iterable[tuple[Card, Sequence[ImageSet]]]
) -> Iterator[Part[Enlarged]]:
    """Yield a part for each model that enlarges and each set that it is judged on."""
    for card, sets in cards:
        for images in sets:
            yield Part(
                f"{CHAPTER}/{titled(card)}/{images.name}",
                (card.sha256, bench.device, *images.groups, *digests_of(images.files)),
                len(images.files),
                Enlarged,
                partial(_measured, bench, card, images),
            )


def enlarging(cards: Iterable[Card]) -> list[Card]:
    """Return the models that enlarge, by scale."""
    found = [card for card in cards if card.task == "super-resolution" and card.scale > 1]
    return sorted(found, key=lambda card: (card.scale, card.name))


def is_small(card: Card) -> bool:
    """Return whether a model is fast enough to be measured on everything in every way."""
    return card.weights.exists() and card.weights.stat().st_size <= SMALL


def _measured(bench: Bench, card: Card, images: ImageSet, watch: Watch) -> Enlarged:
    served = as_served(card)
    with ExitStack() as stack:
        engine = stack.enter_context(bench.opened(card))
        methods: dict[str, Method] = {BICUBIC: partial(bicubic, scale=card.scale)}
        if is_small(card) and "fp32" not in engine.backend:
            exact = stack.enter_context(closing(open_openvino(served)))
            methods[exact.backend] = enlarger(exact)
        methods[engine.backend] = enlarger(engine)
        found = judged(images, card.scale, methods, served.halo)
        told = tuple(_watched(images, found, watch))
    return Enlarged(titled(card), card.scale, images.name, told)


def _watched(images: ImageSet, found: Iterable[dict[str, Score]], watch: Watch) -> Iterator[Scored]:
    for path, patient, scores in zip(images.files, images.groups, found, strict=True):
        yield Scored(path.stem, patient, scores)
        watch()


COLUMNS = (
    Column("model"),
    Column("scale"),
    Column("set"),
    Column("images"),
    Column("method"),
    Column("PSNR, dB"),
    Column("SSIM", 4),
    Column("gain, dB (95 %)"),
    Column("SSIM gain (95 %)", 4),
)


def table(done: Sequence[Done[Enlarged]]) -> Table:
    """Return the means of every model on every set, beside bicubic enlargement."""
    rows: list[tuple[str | int | float | Interval | None, ...]] = []
    seen: set[tuple[object, ...]] = set()
    for one in (each.outcome for each in sorted(done, key=_by_scale_and_set)):
        head = (one.scale, one.set, len(one.images))
        base = (one.scale, one.set, *(image.image for image in one.images))
        if base not in seen:
            seen.add(base)
            rows.append((BICUBIC, *head, "", *_means(one, BICUBIC), None, None))
        for method in one.methods:
            gains = gained(one, method)
            rows.append((one.model, *head, method, *_means(one, method), *gains))
    return Table(
        CHAPTER,
        "PSNR and SSIM of binned images enlarged again: means over images, and what is gained over "
        "bicubic enlargement",
        COLUMNS,
        tuple(rows),
    )


def gained(one: Enlarged, method: str) -> list[Interval]:
    """Return the mean gains in dB and in SSIM over bicubic, with intervals by patient."""
    differences = [
        (
            image.scores[method].psnr - image.scores[BICUBIC].psnr,
            image.scores[method].ssim - image.scores[BICUBIC].ssim,
        )
        for image in one.images
    ]
    patients = [image.patient for image in one.images]
    return intervals(differences, patients, lambda drawn: np.mean(drawn, axis=0).tolist())


def every_image(done: Sequence[Done[Enlarged]]) -> Table:
    """Return the score of each method on each image."""
    rows = [
        (one.model, one.scale, one.set, image.image, image.patient, method, score.psnr, score.ssim)
        for one in (each.outcome for each in done)
        for image in one.images
        for method, score in image.scores.items()
    ]
    names = ("model", "scale", "set", "image", "patient", "method", "PSNR, dB", "SSIM")
    columns = tuple(Column(name, 4) for name in names)
    return Table(f"{CHAPTER}-images", "PSNR and SSIM of every image", columns, tuple(rows))


def _means(one: Enlarged, method: str) -> tuple[float, float]:
    scores = [image.scores[method] for image in one.images]
    return (
        float(np.mean([score.psnr for score in scores])),
        float(np.mean([score.ssim for score in scores])),
    )


def _by_scale_and_set(one: Done[Enlarged]) -> tuple[int, str, str]:
    return one.outcome.scale, one.outcome.set, one.outcome.model


def points(done: Sequence[Done[Enlarged]], set_name: str) -> Mapping[int, list[Enlarged]]:
    """Return what was measured on a set, by scale."""
    found: dict[int, list[Enlarged]] = {}
    for one in sorted(done, key=_by_scale_and_set):
        if one.outcome.set == set_name:
            found.setdefault(one.outcome.scale, []).append(one.outcome)
    return found
