"""Resize, nearest and linear: along one axis after the other, by the formulas of the standard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from types import MappingProxyType

import torch
from torch import Tensor

from engines.backends.torch.operators.said import LackingError, Said


@dataclass(frozen=True, slots=True)
class Axis:
    """How one axis is resized: from so many places to so many, and the factor that was said."""

    before: int
    after: int
    factor: float


def _half_pixel(axis: Axis, place: int) -> float:
    return (place + 0.5) / axis.factor - 0.5


def _pytorch_half_pixel(axis: Axis, place: int) -> float:
    return _half_pixel(axis, place) if axis.after > 1 else 0.0


def _asymmetric(axis: Axis, place: int) -> float:
    return place / axis.factor


def _align_corners(axis: Axis, place: int) -> float:
    return place * (axis.before - 1) / (axis.after - 1) if axis.after > 1 else 0.0


WHERE: Mapping[str, Callable[[Axis, int], float]] = MappingProxyType(
    {
        "half_pixel": _half_pixel,
        "pytorch_half_pixel": _pytorch_half_pixel,
        "asymmetric": _asymmetric,
        "align_corners": _align_corners,
    }
)

NEAREST: Mapping[str, Callable[[float], int]] = MappingProxyType(
    {
        "round_prefer_floor": lambda place: ceil(place - 0.5),
        "round_prefer_ceil": lambda place: floor(place + 0.5),
        "floor": floor,
        "ceil": ceil,
    }
)


def resize(
    said: Said,
    image: Tensor,
    _region: Tensor | None = None,
    factors: Tensor | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    """Return Resize."""
    mode, where = said.get("mode", "nearest"), said.get("coordinate_transformation_mode")
    where = where or "half_pixel"
    if mode not in {"nearest", "linear"} or where not in WHERE:
        raise LackingError(f"Resize {mode} by {where}")
    if said.get("antialias") or said.get("axes") or said.get("exclude_outside"):
        raise LackingError("Resize with antialias, axes or exclude_outside")
    for number, axis in enumerate(_axes(image, factors, sizes)):
        if axis.before == axis.after and axis.factor == 1:
            continue
        places = [WHERE[where](axis, place) for place in range(axis.after)]
        if mode == "nearest":
            image = _picked(image, number, _nearest(said, axis, places))
        else:
            image = _blended(image, number, places)
    return image


def _axes(image: Tensor, factors: Tensor | None, sizes: Tensor | None) -> list[Axis]:
    if sizes is not None and sizes.numel():
        pairs = zip(image.shape, sizes.tolist(), strict=True)
        return [Axis(before, after, after / before) for before, after in pairs]
    if factors is None:
        raise LackingError("Resize to no size")
    stated = zip(image.shape, factors.tolist(), strict=True)
    return [Axis(before, floor(before * factor), factor) for before, factor in stated]


def _nearest(said: Said, axis: Axis, places: list[float]) -> list[int]:
    round_off = NEAREST[said.get("nearest_mode", "round_prefer_floor")]
    return [min(max(round_off(place), 0), axis.before - 1) for place in places]


def _picked(image: Tensor, number: int, places: list[int]) -> Tensor:
    return image.index_select(number, torch.tensor(places, device=image.device))


def _blended(image: Tensor, number: int, places: list[float]) -> Tensor:
    last = image.shape[number] - 1
    within = [min(max(place, 0.0), last) for place in places]
    below = [min(floor(place), last) for place in within]
    above = [min(place + 1, last) for place in below]
    shares = [place - whole for place, whole in zip(within, below, strict=True)]
    sides = [1] * image.dim()
    sides[number] = -1
    share = torch.tensor(shares, dtype=image.dtype, device=image.device).view(sides)
    return _picked(image, number, below).lerp(_picked(image, number, above), share)
