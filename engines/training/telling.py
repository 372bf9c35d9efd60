"""Training of networks that tell benign from malignant masses: ResNet-50, DenseNet-121, VGG-16.

Regions of films of CBIS-DDSM around boxed masses, with the pathology.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.cad.window import Shades, resized
from engines.evaluation.bootstrap import Interval, intervals
from engines.training.changes import changed
from engines.training.distort import one_of, stacked
from engines.training.gradients import COMPONENTS, Components, components
from engines.training.loop import Taught
from engines.training.menus import Verdicts
from engines.training.regions import CBIS, Mass, Question, cbis, question, split
from engines.training.splits import Part, Split, leaky
from engines.training.strong import mixed
from engines.training.tensors import tensor
from engines.training.variants import VARIANTS, variant

CLASSES = 2

AT_ONCE = 32
"""Regions that are judged at once."""

HALF = 0.5

LOOKED_AT = 20
"""Batches of regions of which the histograms of gradients are looked at beforehand."""

Enlarge = Callable[[Shades], Shades]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A mass in a form that it is learned from in: `draw` gives a region of it."""

    draw: Callable[[np.random.Generator], Question]
    is_malignant: bool
    signs: tuple[float, ...]


class Telling:
    """A course: masses to learn from, to validate on, and to be tested on."""

    figure = "auc"

    def __init__(
        self,
        make: Callable[[], nn.Module],
        menu: Verdicts,
        samples: Sequence[Sample],
        held: Mapping[Part, Sequence[Question]],
        enlarge: Enlarge | None = None,
    ) -> None:
        self._make, self._menu, self._enlarge = make, menu, enlarge
        self._kinds = [[one for one in samples if one.is_malignant == kind] for kind in (0, 1)]
        self._held = held
        self._gradients = self._components() if menu.gradients else None

    def network(self) -> nn.Module:
        """Return the network before it has learned, with outputs for all that it is taught."""
        network = self._make()
        besides = self._signs + (COMPONENTS if self._gradients else 0)
        if besides:
            _replace_last(network, lambda last: nn.Linear(last.in_features, CLASSES + besides))
        return network

    def finished(self, network: nn.Module) -> nn.Module:
        """Return `network` with the outputs for classes alone."""
        made = deepcopy(network)
        _replace_last(made, _of_classes)
        return made

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return cross-entropy on some masses, as many benign as malignant ones."""
        wanted = np.arange(self._menu.batch) % CLASSES
        samples, shades = self._drawn(wanted, chance)
        target = np.eye(CLASSES, dtype=np.float32)[wanted]
        target = target * (1 - self._menu.smoothing) + self._menu.smoothing / CLASSES
        both = np.hstack([target, np.array([one.signs for one in samples], np.float32)])
        if self._menu.mixup:
            shades, both = mixed(shades, both, self._menu.mixup, chance)
        batch = tensor(shades, network)
        logits = network.logits(batch).float()
        right = logits[:, :CLASSES].argmax(1).cpu().numpy() == wanted
        loss = self._loss(logits, _there(both, logits), batch)
        return Taught(loss, {"accuracy": float(right.mean())})

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return loss, area under the ROC curve and accuracy of the validation."""
        logits, wanted = self._answers(network, "validation")
        loss = nn.functional.cross_entropy(logits, _there(wanted.astype(np.int64), logits))
        return {"loss": float(loss), **_figures(logits, wanted)}

    def tested(self, network: nn.Module) -> Mapping[str, Interval]:
        """Return area under the ROC curve and accuracy of the test."""
        logits, wanted = self._answers(network, "test")
        cases = list(zip(logits, wanted, strict=True))
        found = intervals(cases, [one.patient for one in self._held["test"]], _of_cases)
        return dict(zip(("auc", "accuracy"), found, strict=True))

    def _answers(self, network: nn.Module, which: Part) -> tuple[Tensor, NDArray[np.bool_]]:
        """Return (masses, classes) of what the softmax is given, and which are malignant."""
        held = self._held[which]
        logits = torch.cat(
            [
                network.logits(tensor(stacked([self._shown(one) for one in some]), network))
                for some in (
                    held[first : first + AT_ONCE] for first in range(0, len(held), AT_ONCE)
                )
            ]
        ).float()[:, :CLASSES]
        return logits.cpu(), np.array([one.is_malignant for one in held])

    def _shown(self, region: Question) -> Shades:
        """Return a region as the network takes it, enlarged first if regions are."""
        shades = self._enlarge(region.shades) if self._enlarge else region.shades
        return resized(shades, (self._menu.side, self._menu.side))

    @property
    def _signs(self) -> int:
        """How many signs of a mass are taught besides."""
        return len(self._kinds[0][0].signs) if self._menu.signs else 0

    def _drawn(
        self, wanted: Iterable[int], chance: np.random.Generator
    ) -> tuple[list[Sample], NDArray[np.float32]]:
        """Return masses of the kinds that are wanted, and regions of them as they are shown."""
        samples = [one_of(self._kinds[kind], chance) for kind in wanted]
        return samples, stacked([self._shown(one.draw(chance)) for one in samples])

    def _components(self) -> Components:
        chance = np.random.default_rng(0)
        wanted = np.arange(self._menu.batch) % CLASSES
        some = [self._drawn(wanted, chance)[1] for _ in range(LOOKED_AT)]
        return components([torch.from_numpy(shades) for shades in some])

    def _loss(self, logits: Tensor, wanted: Tensor, batch: Tensor) -> Tensor:
        """Return the loss: of classes, of signs, and of gradients, as much as each counts."""
        loss = nn.functional.cross_entropy(logits[:, :CLASSES], wanted[:, :CLASSES])
        signs = slice(CLASSES, CLASSES + self._signs)
        if self._signs:
            loss = loss + self._menu.signs * nn.functional.binary_cross_entropy_with_logits(
                logits[:, signs], wanted[:, signs]
            )
        if self._gradients:
            there = self._gradients.of(batch)
            loss = loss + self._menu.gradients * (logits[:, signs.stop :] - there).square().mean()
        return loss


def read(
    data: Path, make: Callable[[], nn.Module], menu: Verdicts, enlarge: Enlarge | None = None
) -> Telling:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: it is not there.
    """
    masses = cbis(data)
    if menu.split == "leaky":
        return _leaky(make, menu, masses, enlarge)
    of = split(data, CBIS)
    samples = [
        Sample(partial(_drawn, one, menu), one.is_malignant, one.signs)
        for one in of.of(masses, "train")
    ]
    parts: tuple[Part, ...] = ("validation", "test")
    held = {part: [question(one, menu.room) for one in of.of(masses, part)] for part in parts}
    return Telling(make, menu, samples, held, enlarge)


def splits(data: Path) -> Mapping[str, Split]:
    """Return the split by patient that the course keeps to."""
    return {CBIS: split(data, CBIS)}


def _figures(logits: Tensor, wanted: NDArray[np.bool_]) -> Mapping[str, float]:
    given = logits.softmax(1)[:, 1].numpy()
    accuracy = float(np.mean((given > HALF) == wanted))
    return {"auc": area_under_curve(given, wanted), "accuracy": accuracy}


def _of_cases(cases: Sequence[tuple[Tensor, np.bool_]]) -> Sequence[float]:
    """Return the figures of some cases.

    Raises:
        ValueError: they are all benign, or all malignant.
    """
    wanted = np.array([kind for _, kind in cases])
    if wanted.all() or not wanted.any():
        raise ValueError("cases of one kind have no ROC curve")
    return list(_figures(torch.stack([one for one, _ in cases]), wanted).values())


def area_under_curve(given: NDArray[np.float32], wanted: NDArray[np.bool_]) -> float:
    """Return how often one that is wanted is given more than one that is not; ties count half."""
    difference = given[wanted][:, None] - given[~wanted]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def _drawn(mass: Mass, menu: Verdicts, chance: np.random.Generator) -> Question:
    return changed(mass, menu.augmentation, chance, menu.room)


def _leaky(
    make: Callable[[], nn.Module], menu: Verdicts, masses: Sequence[Mass], enlarge: Enlarge | None
) -> Telling:
    """Return the course with the seven variants of each mass dealt out as if they were masses."""
    forms = {f"{mass.name} {name}": (mass, name) for mass in masses for name in VARIANTS}
    parts = leaky(forms).parts
    made = {form: partial(_variant, mass, name, menu.room) for form, (mass, name) in forms.items()}
    samples = [
        Sample(made[form], mass.is_malignant, mass.signs)
        for form, (mass, _) in forms.items()
        if parts[form] == "train"
    ]
    chance = np.random.default_rng()  # a variant is no matter of chance
    which: tuple[Part, ...] = ("validation", "test")
    held = {part: [made[one](chance) for one in forms if parts[one] == part] for part in which}
    return Telling(make, menu, samples, held, enlarge)


def _variant(mass: Mass, name: str, room: float, _: np.random.Generator) -> Question:
    return variant(question(mass, room), name)


def _replace_last(network: nn.Module, new: Callable[[nn.Linear], nn.Linear]) -> None:
    """Put `new` of the last linear layer of a network in its place."""
    name = [one for one, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
    network.set_submodule(name, new(network.get_submodule(name)))


def _of_classes(last: nn.Linear) -> nn.Linear:
    """Return the outputs of a layer that are of classes."""
    made = nn.Linear(last.in_features, CLASSES)
    with torch.no_grad():
        made.weight.copy_(last.weight[:CLASSES])
        made.bias.copy_(last.bias[:CLASSES])
    return made


def _there(values: NDArray[np.float32] | NDArray[np.int64], like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.device)
