"""The network without its padding: it answers for the inside of a window, and computes no more."""

import onnx

from engines.compile.graph import copied

POINTWISE = {"PRelu", "Relu", "DepthToSpace"}
"""What neither pads nor reaches to neighbours."""


def inside(model: onnx.ModelProto, halo: int) -> onnx.ModelProto:
    """Return `model` with no convolution padded, so that `halo` falls away from each side.

    Of what a padded network answers for a window, the outermost halo depends on the padding and is
    thrown away; without padding it is not computed in the first place. A model that is not a chain
    of convolutions whose padding comes to `halo` is returned as it is.
    """
    bare = copied(model)
    padding = 0
    for node in bare.graph.node:
        if node.op_type == "Conv":
            padding += _take_padding(node)
        elif node.op_type not in POINTWISE:
            return model
    del bare.graph.value_info[:]
    return bare if padding == halo else model


def _take_padding(convolution: onnx.NodeProto) -> int:
    """Set the padding to 0 and return what it was, on the first side."""
    for attribute in convolution.attribute:
        if attribute.name == "pads":
            padding = int(attribute.ints[0])
            attribute.ints[:] = [0] * len(attribute.ints)
            return padding
    return 0
