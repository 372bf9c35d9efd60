"""Reading a file that somebody says is a network: nothing it names is opened, nothing is run."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

LARGEST = 2**31 - 1
"""Bytes that a protobuf message may have."""

MB = 1_000_000
NEWEST_OPSET = onnx.defs.onnx_opset_version()
NEWEST_ML_OPSET = onnx.defs.onnx_ml_opset_version()

DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
UNREPEATABLE = {"Bernoulli", "Multinomial"}
UNREPEATABLE |= {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Operators whose answer is another each time."""
MOST_NODES = 50_000


class ForeignError(Exception):
    """This file cannot become a model here; the message says why and what to do about it."""


class UnsaidError(ForeignError):
    """The file leaves something open: `field` of the wish must say it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def read_foreign(path: Path, largest: int = LARGEST) -> onnx.ModelProto:
    """Return the model in that file, all of it looked over.

    Raises:
        ForeignError: it is no ONNX file, larger than `largest` bytes, or holds what is not taken.
        OSError: it cannot be read.
    """
    if not path.is_file():
        raise ForeignError(f"{path}: no such file")
    size = path.stat().st_size
    if size > min(largest, LARGEST):
        raise ForeignError(
            f"{path}: {size / MB:.0f} MB, {min(largest, LARGEST) / MB:.0f} MB are allowed"
        )
    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except DecodeError:
        raise ForeignError(f"{path}: not an ONNX file, or cut off: export it again") from None
    try:
        vet(model)
    except ForeignError as error:
        raise ForeignError(f"{path}: {error}") from None
    return model


def vet(model: onnx.ModelProto) -> None:
    """Look a model over without running anything.

    Raises:
        ForeignError: it is empty, needs what is not known here, or names files beside it.
    """
    if not model.graph.node or not model.opset_import:
        raise ForeignError("not an ONNX file, or an empty one: there is no graph in it")
    if len(model.graph.node) > MOST_NODES:
        raise ForeignError(f"{len(model.graph.node)} operators, {MOST_NODES} are allowed")
    _vet_versions(model)
    _vet_operators(model.graph.node)
    _vet_tensors(model.graph)
    if model.functions or model.training_info:
        raise ForeignError(
            "it holds functions of its own: inline them with "
            "onnx.inliner.inline_local_functions before you import it"
        )


def opset(model: onnx.ModelProto, domains: Iterable[str] = ("", "ai.onnx")) -> int:
    """Return the version of the operators of those `domains` in `model`, 0 if it names none."""
    return max((one.version for one in model.opset_import if one.domain in domains), default=0)


def _vet_versions(model: onnx.ModelProto) -> None:
    used = {str(node.domain) for node in model.graph.node}
    foreign = sorted(used - DOMAINS)
    if foreign:
        named = sorted(
            {str(one.op_type) for one in model.graph.node if str(one.domain) == foreign[0]}
        )
        raise ForeignError(
            f"operators of its own ({foreign[0]}: {', '.join(named[:3])}): "
            "export it with ONNX's standard operators only"
        )
    if (
        opset(model) > NEWEST_OPSET
        or opset(model, ["ai.onnx.ml"]) > NEWEST_ML_OPSET
        or model.ir_version > onnx.IR_VERSION
    ):
        raise ForeignError(
            f"opset {opset(model)}, IR version {model.ir_version}: newer than what is known here; "
            f"export it with opset {NEWEST_OPSET} or older"
        )


def _vet_operators(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        if not _is_known(node):
            raise ForeignError(f"no operator {node.op_type!r} is known here")
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            raise ForeignError(
                f"control flow ({node.op_type}): export it for inference, with loops unrolled"
            )
        if node.op_type in UNREPEATABLE:
            raise ForeignError(
                f"{node.op_type} gives another answer each time: export it for inference"
            )


def _is_known(node: onnx.NodeProto) -> bool:
    is_text = isinstance(node.op_type, str)  # protobuf gives bytes for what is no UTF-8
    domain = "" if node.domain == "ai.onnx" else node.domain
    return is_text and bool(onnx.defs.has(node.op_type, domain))


def _vet_tensors(graph: onnx.GraphProto) -> None:
    for tensor in _tensors(graph):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ForeignError(
                f"the weights of {tensor.name!r} are in another file: save it with the weights "
                "inside (onnx.save(model, file, save_as_external_data=False))"
            )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
