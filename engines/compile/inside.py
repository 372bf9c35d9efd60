"""The network without its padding: it answers for the inside of a window, and computes no more."""

import onnx

from engines.compile.graph import copied, is_chain, tensors
from engines.compile.nodes import attributes


def inside(model: onnx.ModelProto, halo: int) -> onnx.ModelProto:
    """Return `model` with no convolution padded, so that `halo` falls away from each side.

    Of what a padded network answers for a window, the outermost halo depends on the padding and is
    thrown away; without padding it is not computed in the first place. A model that is not a chain
    of convolutions whose padding comes to `halo` is returned as it is.
    """
    if not _is_chain_of_convolutions(model):
        return model
    bare = copied(model)
    convolutions = [node for node in bare.graph.node if node.op_type == "Conv"]
    padding = sum(_take_padding(convolution) for convolution in convolutions)
    del bare.graph.value_info[:]
    return bare if padding == halo else model


def _is_chain_of_convolutions(model: onnx.ModelProto) -> bool:
    """Return whether `model` is convolutions of stride 1 and what works place by place."""
    nodes = list(model.graph.node)
    if not nodes or not is_chain(model) or nodes[0].op_type != "Conv":
        return False
    if nodes[-1].op_type == "DepthToSpace":
        nodes.pop()
    weights = tensors(model)
    return all(
        _is_plain(node)
        if node.op_type == "Conv"
        else node.op_type == "Relu"
        or (node.op_type == "PRelu" and list(weights[node.input[1]].dims[-2:]) == [1, 1])
        for node in nodes
    )


def _is_plain(convolution: onnx.NodeProto) -> bool:
    """Return whether a convolution has stride 1 and states the same padding for all sides."""
    stated = attributes(convolution)
    return (
        stated.get("auto_pad", "NOTSET") == "NOTSET"
        and set(stated.get("strides", [1])) == {1}
        and len(set(stated.get("pads", [0]))) == 1
    )


def _take_padding(convolution: onnx.NodeProto) -> int:
    """Set the padding to 0 and return what it was, on each side."""
    for attribute in convolution.attribute:
        if attribute.name == "pads":
            padding = int(attribute.ints[0])
            attribute.ints[:] = [0] * len(attribute.ints)
            return padding
    return 0
