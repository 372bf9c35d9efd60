"""Padding: apart, and that of convolutions and poolings."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch.operators.said import LackingError, Said

MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}

PICTURE = 4
"""The axes of a batch: images, channels, rows, columns."""


@dataclass(frozen=True, slots=True)
class Sides:
    """How a kernel moves over rows and columns; `pads` are top, left, bottom, right."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]

    @property
    def even(self) -> bool:
        """Whether there is as much padding after as before."""
        return self.pads[:2] == self.pads[2:]

    @property
    def within_half(self) -> bool:
        """Whether the padding is one that PyTorch's own poolings take."""
        return self.even and all(2 * p <= k for p, k in zip(self.pads, self.kernel, strict=False))


def sides(said: Said, kernel: tuple[int, ...], image: Tensor) -> Sides:
    """Return how a kernel of that size is moved over `image`."""
    if image.dim() != PICTURE:
        raise LackingError(f"over {image.dim()} axes, not {PICTURE}")
    rows, columns = kernel
    strides, dilations = said.get("strides", [1, 1]), said.get("dilations", [1, 1])
    moved = Sides((rows, columns), tuple(strides), tuple(dilations), (0, 0, 0, 0))
    match said.get("auto_pad", "NOTSET"):
        case "VALID":
            return moved
        case "NOTSET":
            pads = said.get("pads", [0, 0, 0, 0])
        case upper_or_lower:
            pads = _same(moved, image, more_after=upper_or_lower == "SAME_UPPER")
    return Sides(moved.kernel, moved.strides, moved.dilations, tuple(pads))


def _same(moved: Sides, image: Tensor, *, more_after: bool) -> list[int]:
    """Return the padding that gives ceil(side / stride)."""
    before, after = [], []
    spread = zip(image.shape[2:], moved.kernel, moved.strides, moved.dilations, strict=True)
    for side, kernel, stride, dilation in spread:
        least = (-(-side // stride) - 1) * stride + dilation * (kernel - 1) + 1
        total = max(0, least - side)
        before.append(total // 2 if more_after else total - total // 2)
        after.append(total - before[-1])
    return before + after


def padded(image: Tensor, pads: tuple[int, int, int, int], value: float = 0.0) -> Tensor:
    """Return `image` with that many rows and columns (top, left, bottom, right) of `value`."""
    top, left, bottom, right = pads
    return functional.pad(image, (left, right, top, bottom), value=value) if any(pads) else image


def pad(
    said: Said,
    image: Tensor,
    pads: Tensor | None = None,
    value: Tensor | None = None,
    axes: Tensor | None = None,
) -> Tensor:
    """Return Pad; negative padding crops."""
    mode, stated = said.get("mode", "constant"), said.stated("pads", pads)
    if mode not in MODES or stated is None:
        raise LackingError(f"Pad {mode}")
    chosen = said.stated("axes", axes) or list(range(image.dim()))
    begins, ends = [0] * image.dim(), [0] * image.dim()
    for place, axis in enumerate(chosen):
        begins[axis], ends[axis] = stated[place], stated[place + len(chosen)]
    turned = [side for axis in reversed(range(image.dim())) for side in (begins[axis], ends[axis])]
    if mode != "constant":
        return _mirrored(image, turned, MODES[mode])
    fill = said.get("value", 0.0) if value is None else value.item()
    return functional.pad(image, turned, value=fill)


def _mirrored(image: Tensor, turned: list[int], mode: str) -> Tensor:
    if image.dim() != PICTURE or any(turned[PICTURE:]):
        raise LackingError(f"Pad {mode} on other axes than rows and columns")
    return functional.pad(image, turned[:PICTURE], mode=mode)


def lowest(image: Tensor) -> float:
    """Return what is below all values of `image`."""
    return float("-inf") if image.is_floating_point() else float(torch.iinfo(image.dtype).min)
