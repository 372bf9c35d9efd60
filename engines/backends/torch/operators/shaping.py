"""What moves values without changing them. Shapes are 64-bit integers in the host's memory."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from onnx import numpy_helper
from torch import Tensor

from engines.backends.torch.operators.said import LackingError, Operator, Said


def concat(said: Said, *tensors: Tensor) -> Tensor:
    """Return Concat."""
    return torch.cat(tensors, said.get("axis"))


def constant_of_shape(said: Said, shape: Tensor) -> Tensor:
    """Return ConstantOfShape, for shapes: whole numbers only."""
    value = said.get("value")
    array = None if value is None else numpy_helper.to_array(value)
    if array is None or array.dtype != "int64":
        raise LackingError("ConstantOfShape of other than whole numbers")
    return torch.full(shape.tolist(), int(array[0]), dtype=torch.int64)


def depth_to_space(said: Said, image: Tensor) -> Tensor:
    """Return DepthToSpace: CRD is PyTorch's pixel shuffle, DCR has the block's axes first."""
    block, mode = said.get("blocksize"), said.get("mode", "DCR")
    if mode == "CRD":
        return torch.pixel_shuffle(image, block)
    images, channels, rows, columns = image.shape
    parts = image.view(images, block, block, channels // block**2, rows, columns)
    return parts.permute(0, 3, 4, 1, 5, 2).reshape(images, -1, rows * block, columns * block)


def space_to_depth(said: Said, image: Tensor) -> Tensor:
    """Return SpaceToDepth: the block's axes come before the channels."""
    block = said.get("blocksize")
    images, channels, rows, columns = image.shape
    parts = image.reshape(images, channels, rows // block, block, columns // block, block)
    return parts.permute(0, 3, 5, 1, 2, 4).reshape(images, -1, rows // block, columns // block)


def expand(_said: Said, values: Tensor, shape: Tensor) -> Tensor:
    """Return Expand."""
    wanted = torch.broadcast_shapes(values.shape, tuple(shape.tolist()))
    return values.broadcast_to(wanted)


def flatten(said: Said, values: Tensor) -> Tensor:
    """Return Flatten: two axes, of what is before `axis` and of the rest."""
    axis = said.get("axis", 1)
    before = values.shape[: axis if axis >= 0 else axis + values.dim()].numel()
    return values.reshape(before, -1)


def gather(said: Said, values: Tensor, indices: Tensor) -> Tensor:
    """Return Gather."""
    axis = said.get("axis", 0) % values.dim()
    chosen = torch.remainder(indices.flatten().to(values.device), values.shape[axis])
    shape = [*values.shape[:axis], *indices.shape, *values.shape[axis + 1 :]]
    return values.index_select(axis, chosen).reshape(shape)


def reshape(said: Said, values: Tensor, shape: Tensor) -> Tensor:
    """Return Reshape: 0 takes the side over, unless `allowzero`."""
    wanted = shape.tolist()
    if not said.get("allowzero"):
        wanted = [side or values.shape[axis] for axis, side in enumerate(wanted)]
    return values.reshape(wanted)


def shape_of(said: Said, values: Tensor) -> Tensor:
    """Return Shape."""
    return torch.tensor(values.shape[said.get("start", 0) : said.get("end")], dtype=torch.int64)


def slice_of(
    said: Said,
    values: Tensor,
    starts: Tensor | None = None,
    ends: Tensor | None = None,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    """Return Slice; its places were attributes before opset 10."""
    begins, stops = said.stated("starts", starts), said.stated("ends", ends)
    if begins is None or stops is None:
        raise LackingError("Slice without starts or ends")
    along = said.stated("axes", axes) or list(range(len(begins)))
    strides = said.stated("steps", steps) or [1] * len(begins)
    for axis, begin, stop, step in zip(along, begins, stops, strides, strict=True):
        values = _cut(values, axis, slice(begin, stop, step))
    return values


def _cut(values: Tensor, axis: int, places: slice) -> Tensor:
    begin, stop, step = places.start, places.stop, places.step
    length = values.shape[axis]
    if step < 0:  # ONNX's furthest negative stop means "the first one too"
        stop = None if stop < -length else stop
    chosen = range(length)[begin:stop:step]
    if step > 0:
        return values.narrow(axis, chosen.start, len(range(chosen.start, chosen.stop)))[
            (slice(None),) * (axis % values.dim()) + (slice(None, None, step),)
        ]
    return values.index_select(axis, torch.tensor(chosen, device=values.device))


def split(said: Said, values: Tensor, parts: Tensor | None = None) -> Sequence[Tensor]:
    """Return Split: by stated sizes, or in equal parts of which the last may be smaller."""
    axis, stated = said.get("axis", 0), said.stated("split", parts)
    size = -(-values.shape[axis] // said.get("num_outputs", said.outputs))
    made: Sequence[Tensor] = values.split(stated or size, axis)
    return made


def squeeze(said: Said, values: Tensor, axes: Tensor | None = None) -> Tensor:
    """Return Squeeze."""
    stated = said.stated("axes", axes)
    return values.squeeze() if stated is None else values.squeeze(stated)


def unsqueeze(said: Said, values: Tensor, axes: Tensor | None = None) -> Tensor:
    """Return Unsqueeze."""
    stated = said.stated("axes", axes) or []
    rank = values.dim() + len(stated)
    for axis in sorted(axis % rank for axis in stated):
        values = values.unsqueeze(axis)
    return values


def tile(_said: Said, values: Tensor, repeats: Tensor) -> Tensor:
    """Return Tile."""
    return values.repeat(repeats.tolist())


def transpose(said: Said, values: Tensor) -> Tensor:
    """Return Transpose."""
    return values.permute(tuple(said.get("perm", range(values.dim())[::-1])))


SHAPING: Mapping[str, Operator] = MappingProxyType(
    {
        "Concat": concat,
        "ConstantOfShape": constant_of_shape,
        "DepthToSpace": depth_to_space,
        "Expand": expand,
        "Flatten": flatten,
        "Gather": gather,
        "Reshape": reshape,
        "Shape": shape_of,
        "Slice": slice_of,
        "SpaceToDepth": space_to_depth,
        "Split": split,
        "Squeeze": squeeze,
        "Tile": tile,
        "Transpose": transpose,
        "Unsqueeze": unsqueeze,
    }
)
