"""From a card's weights to the graph that TensorRT reads."""

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx.external_data_helper import uses_external_data

from engines.card import Card, Precision
from engines.compile.half import half
from engines.compile.inside import inside
from engines.compile.storing import read
from engines.engine import UnusableError

SCHEMA = 1
"""To be raised whenever `prepared` gives another graph than before for the same weights."""

PRECISIONS = ("fp16", "fp32")


def prepared(card: Card, precision: Precision) -> bytes:
    """Return the card's graph without padding, its arithmetic in `precision`, as ONNX.

    Raises:
        UnusableError: it cannot be read, keeps weights in other files, or TensorRT is given no such
            precision.
    """
    if precision not in PRECISIONS:
        raise UnusableError(f"no {precision} here; there is {' and '.join(PRECISIONS)}")
    bare = inside(_read(card), card.halo)
    model = half(bare) if precision == "fp16" else bare
    try:
        graph: bytes = model.SerializeToString()
    except ValueError as error:
        raise UnusableError(f"{card.weights}: {error}") from error
    return graph


def _read(card: Card) -> onnx.ModelProto:
    """Return the model; the checksum on the card is of all of it, so all is in one file."""
    try:
        model = read(card.weights)
    except (OSError, DecodeError) as error:
        raise UnusableError(f"cannot read {card.weights}: {error}") from error
    for tensor in model.graph.initializer:
        if uses_external_data(tensor):
            raise UnusableError(f"{card.weights}: {tensor.name} is kept in another file")
    return model
