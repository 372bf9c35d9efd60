"""How much a graph would take, before it is run."""

import math
from collections.abc import Iterator

import onnx

from engines.compile.graph import copied
from engines.importing.foreign import MB, ForeignError

Shape = tuple[int, ...]

LARGEST_TENSOR = 2**31 - 1
"""Values; back ends count them in 32 bits."""
BYTES = 4


def check(model: onnx.ModelProto) -> None:
    """Make sure that `model` is one as ONNX has them.

    Raises:
        ForeignError: it is not.
    """
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ForeignError(f"its graph is broken: {reason[:300]}") from None


def weigh(model: onnx.ModelProto, window: Shape, allowed: int) -> None:
    """Make sure that `model`, run on `window`, stays within `allowed` bytes, as far as is known.

    Raises:
        ForeignError: it does not.
    """
    fixed = copied(model)
    for dim, side in zip(fixed.graph.input[0].type.tensor_type.shape.dim, window, strict=True):
        dim.dim_value = side
    inferred = onnx.shape_inference.infer_shapes(fixed, strict_mode=False, data_prop=True)
    total = 0
    for name, shape in _shapes(inferred):
        values = math.prod(shape)
        total += BYTES * values
        if values > LARGEST_TENSOR or total > allowed:
            sides = " x ".join(map(str, shape))
            raise ForeignError(
                f"needs more than {allowed / MB:.0f} MB ({name!r} alone is {sides}): "
                "take a smaller --tile, or allow more with --memory"
            )


def _shapes(model: onnx.ModelProto) -> Iterator[tuple[str, Shape]]:
    """Yield the shape of each tensor that is made on the way, where all of it is known."""
    for one in (*model.graph.value_info, *model.graph.output):
        tensor = one.type.tensor_type
        sides = [dim.dim_value for dim in tensor.shape.dim]
        if tensor.HasField("shape") and all(sides):
            yield one.name, tuple(sides)
