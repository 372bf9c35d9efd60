"""What the steps from the shelf to a back end share."""

import onnx


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of `model` that may be changed."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def ends_in_subpixel(model: onnx.ModelProto) -> bool:
    """Return whether `model` ends in a convolution and depth-to-space."""
    return [node.op_type for node in model.graph.node[-2:]] == ["Conv", "DepthToSpace"]
