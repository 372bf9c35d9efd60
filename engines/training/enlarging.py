"""Training of networks that enlarge: FSRCNN, EDSR or RDN, twice, three or four times.

From natural images and from films of mini-MIAS; low resolution by binning (Honjo 2022).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.compile.subpixel import SubpixelFSRCNN
from engines.evaluation.areas import breast, whole
from engines.evaluation.bootstrap import Interval, intervals
from engines.evaluation.scores import Area, inner
from engines.evaluation.table import bicubic
from engines.images import Grey, binned, fitting, image_files, read_luma
from engines.networks.enlarge import Residual
from engines.networks.fsrcnn import FSRCNN
from engines.training.films import MIAS, Film, films, split
from engines.training.loop import Taught
from engines.training.losses import LOSSES
from engines.training.menus import Patches as Menu
from engines.training.patches import (
    Pictures,
    Source,
    batch_of,
    in_all_sizes,
    on_rims,
    pair_of,
    within,
)
from engines.training.splits import Part, Split
from engines.training.tensors import tensor

NATURAL = "natural"

PARTS: tuple[Part, ...] = ("train", "validation", "test")

HELD = {"Set5": "set5_*", "Set14": "set14_*"}

STRIP = 192
"""Rows in the middle of a film that are validated on: all its columns, so both its edges."""

BLACK = 1e-9
"""Least mean squared error that a PSNR is told of."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """An image to be judged on: the part of it that counts, and the PSNR of its bicubic peer."""

    patient: str
    high: Grey
    low: Grey
    area: Area
    peer: float


class Enlarging:
    """A course: natural images and films to learn from and to validate on."""

    figure = "gain"

    def __init__(
        self,
        make: Callable[[], nn.Module],
        scale: int,
        menu: Menu,
        sources: Mapping[str, Source],
        held: Mapping[Part, Mapping[str, Sequence[Held]]],
    ) -> None:
        self._make, self._scale, self._menu = make, scale, menu
        self._sources, self._held = sources, held

    def network(self) -> nn.Module:
        """Return the network before it has learned."""
        return self._make()

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return the loss on some patches."""
        counts = {name: getattr(self._menu, name) for name in self._sources}
        high = [self._sources[name].draw(chance) for name in counts for _ in range(counts[name])]
        pair = pair_of(high, self._scale)
        answer, wanted = enlarged(network, pair.low), tensor(pair.high, network)
        border = slice(self._scale, -self._scale)
        answer, wanted = answer[..., border, border], wanted[..., border, border]
        natural = counts.get("pictures", 0)
        kinds = [slice(None, natural), slice(natural, None)]
        weights = (1.0, self._menu.weight)
        losses = [
            weight * LOSSES[self._menu.loss](answer[kind], wanted[kind])
            for kind, weight in zip(kinds, weights, strict=True)
            if len(answer[kind])
        ]
        error = float((answer.detach() - wanted).square().mean())
        return Taught(torch.stack(losses).sum(), {"psnr": decibels(error)})

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return the PSNR of the validation in dB, and what is gained over bicubic, set by set."""
        found, gains = {}, {}
        for name, images in self._held["validation"].items():
            found[name] = float(np.mean([self._psnr(network, one) for one in images]))
            peers = float(np.mean([one.peer for one in images]))
            gains[f"gain on {name}"] = found[name] - peers
        mean = float(np.mean(list(found.values())))
        return {"gain": float(np.mean(list(gains.values()))), "psnr": mean, **gains}

    def finished(self, network: nn.Module) -> nn.Module:
        """Return `network`."""
        return network

    def tested(self, network: nn.Module) -> Mapping[str, Interval]:
        """Return the mean PSNR and gain on whole films that chose nothing."""
        films = self._held["test"].get("films", [])
        if not films:
            return {}
        scores = [(self._psnr(network, one), one.peer) for one in films]
        psnr_there, gain = intervals(scores, [one.patient for one in films], _means)
        return {"psnr of films": psnr_there, "gain on films": gain}

    def _psnr(self, network: nn.Module, image: Held) -> float:
        answer = enlarged(network, batch_of([image.low]))[0, 0].cpu().numpy()
        made = np.clip(np.rint(answer * 255), 0, 255).astype(np.uint8)
        return psnr(made, image.high, image.area)


def read(data: Path, make: Callable[[], nn.Module], scale: int, menu: Menu) -> Enlarging:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: there are no images.
        ValueError: they are too small.
    """
    side = menu.side * scale
    sources: dict[str, Source] = {}
    if menu.pictures:
        images = [read_luma(path) for path in _images(data / NATURAL / "train", "*")]
        sources["pictures"] = Pictures(in_all_sizes(images), side)
    held: dict[Part, dict[str, list[Held]]] = {"validation": {}, "test": {}}
    if menu.breasts or menu.rims or (data / MIAS).exists():
        of = split(data / MIAS)
        there = {part: of.of(films(data / MIAS), part) for part in PARTS}
        if menu.breasts or menu.rims:
            learned = [read_luma(one.image) for one in there["train"]]
            sources |= {"breasts": within(learned, side), "rims": on_rims(learned, side)}
        held = {part: {"films": _held_films(there[part], part, scale)} for part in held}
    for name, pattern in HELD.items():
        images = [read_luma(path) for path in _images(data / NATURAL / "val", pattern)]
        held["validation"][name] = [held_back("", one, whole(one), scale) for one in images]
    return Enlarging(make, scale, menu, sources, held)


def _held_films(there: Sequence[Film], part: Part, scale: int) -> list[Held]:
    """Return films to be judged on: their middles for validation, which comes often, else whole."""
    shape = strip if part == "validation" else whole_film
    return [held_back(one.patient, *shape(read_luma(one.image)), scale) for one in there]


def splits(data: Path) -> Mapping[str, Split]:
    """Return the splits by patient that the course keeps to, where there are patients."""
    return {MIAS: split(data / MIAS)} if (data / MIAS).exists() else {}


def strip(film: Grey) -> tuple[Grey, Area]:
    """Return the middle rows of a film and of its breast."""
    top = max(0, (film.shape[0] - STRIP) // 2)
    rows = slice(top, top + STRIP)
    return film[rows], breast(film)[rows]


def whole_film(film: Grey) -> tuple[Grey, Area]:
    """Return a film and its breast."""
    return film, breast(film)


def held_back(patient: str, image: Grey, area: Area, scale: int) -> Held:
    """Return an image to be judged on."""
    high = fitting(image, scale)
    rows, columns = high.shape
    counts, low = inner(area[:rows, :columns]), binned(high, scale)
    return Held(patient, high, low, counts, psnr(bicubic(low, scale), high, counts))


def enlarged(network: nn.Module, low: NDArray[np.float32]) -> Tensor:
    """Return what `network` makes of a batch; FSRCNN is run in its faster form."""
    given = tensor(low, network)
    if not isinstance(network, Residual):
        return _form(network)(given).float()
    return _form(network.network)(given).float() + network.repeated(given)


def _form(network: nn.Module) -> nn.Module:
    return SubpixelFSRCNN(network) if isinstance(network, FSRCNN) else network


def _means(scores: Sequence[tuple[float, float]]) -> Sequence[float]:
    """Return the mean PSNR, and the mean of what is gained over the peer."""
    found = np.array(scores)
    return [float(found[:, 0].mean()), float((found[:, 0] - found[:, 1]).mean())]


def psnr(answer: Grey, wanted: Grey, area: Area) -> float:
    """Return the PSNR in dB within `area`."""
    difference = (answer.astype(float) - wanted)[area] / 255
    return decibels(float(np.mean(difference**2)))


def decibels(error: float) -> float:
    """Return the PSNR in dB of a mean squared error in units of the range."""
    return float(-10 * np.log10(max(error, BLACK)))


def _images(folder: Path, pattern: str) -> list[Path]:
    found = image_files(folder, pattern)
    if not found:
        raise FileNotFoundError(f"no images in {folder / pattern}")
    return found
