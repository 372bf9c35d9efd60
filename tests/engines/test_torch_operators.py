"""Each operator, in the ways that networks use it, against ONNX Runtime."""

import numpy as np
import pytest
import torch
from graphs_of_chance import Graph, answer
from onnx import TensorProto, numpy_helper

from engines.backends.torch.operators import OPERATORS
from engines.backends.torch.reading import program

CHANNELS, ROWS, COLUMNS = 4, 8, 12
rng = np.random.default_rng(3)
IMAGE = rng.normal(0, 1, (2, CHANNELS, ROWS, COLUMNS)).astype(np.float32)


def signed(*shape):
    return rng.normal(0, 1, shape).astype(np.float32)


def positive(*shape):
    return rng.uniform(0.5, 2, shape).astype(np.float32)


def whole(*values):
    return np.array(values, np.int64)


def broken(*values):
    return np.array(values, np.float32)


def one(kind, *weights, opset=18, **attributes):
    """Return a case: that operator of the image and these constants."""

    def grow(graph):
        names = [graph.weight(weight) if weight is not None else "" for weight in weights]
        return graph.add(kind, "x", *names, **attributes)

    said = " ".join(f"{name}={value}" for name, value in attributes.items())
    taken = " ".join(
        str(weight.tolist() if weight.ndim == 1 else weight.shape) if weight is not None else "-"
        for weight in weights
    )
    return pytest.param(grow, opset, id=f"{kind}({taken}) {said} opset {opset}")


def truth(kind, *weights):
    """Return a case: what that operator holds for true, as numbers."""

    def grow(graph):
        names = [graph.weight(weight) for weight in weights]
        return graph.add("Cast", graph.add(kind, "x", *names), to=TensorProto.FLOAT)

    return pytest.param(grow, 18, id=kind)


def larger(graph):
    return graph.add("Greater", "x", graph.weight(broken(0.3)))


def smaller(graph):
    return graph.add("Less", "x", graph.weight(broken(-0.3)))


def number(graph, truths):
    return graph.add("Cast", truths, to=TensorProto.FLOAT)


def both_true(graph):
    return number(graph, graph.add("And", larger(graph), graph.add("Not", smaller(graph))))


def one_true(graph):
    return number(graph, graph.add("Or", larger(graph), smaller(graph)))


def chosen(graph):
    return graph.add("Where", larger(graph), "x", graph.weight(np.float32(0)))


def cast_down_and_up(graph):
    return graph.add("Cast", graph.add("Cast", "x", to=TensorProto.INT32), to=TensorProto.FLOAT)


def unpooled(graph):
    half = {"kernel_shape": [2, 2], "strides": [2, 2]}
    return graph.add("MaxUnpool", *graph.add("MaxPool", "x", outputs=2, **half), **half)


def unpooled_to_a_shape(graph):
    half = {"kernel_shape": [2, 2], "strides": [2, 2]}
    return graph.add(
        "MaxUnpool",
        *graph.add("MaxPool", "x", outputs=2, **half),
        graph.add("Shape", "x"),
        **half,
    )


def indices(graph):
    _, found = graph.add("MaxPool", "x", outputs=2, kernel_shape=[3, 3], pads=[1] * 4)
    return number(graph, found)


def unpooling_by_masks(graph):
    parts = graph.add(
        "Split", graph.add("SpaceToDepth", "x", blocksize=2), outputs=4, axis=1, num_outputs=4
    )
    most = graph.add("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])
    hits = [graph.add("Equal", part, most) for part in parts]
    zero = graph.weight(np.float32(0))
    kept = [graph.add("Where", hit, most, zero) for hit in hits]
    return graph.add("DepthToSpace", graph.add("Concat", *kept, axis=1), blocksize=2)


def parts_of_stated_sizes(graph):
    return graph.add("Split", "x", graph.weight(whole(1, 3)), outputs=2, axis=1)[1]


def the_smaller_last_part(graph):
    return graph.add("Split", "x", outputs=3, axis=-2, num_outputs=3)[2]


def equal_parts_of_old(graph):
    return graph.add("Split", "x", outputs=2, axis=2)[1]


def dropped_out(graph):
    return graph.add("Dropout", "x", graph.weight(np.float32(0.5)))


def the_mask_of_dropout(graph):
    return number(graph, graph.add("Dropout", "x", outputs=2)[1])


def shuffled_by_its_shape(graph):
    images, rows = (
        graph.add("Gather", graph.add("Shape", "x"), graph.weight(whole(place)), axis=0)
        for place in (0, 2)
    )
    halved = graph.add("Div", rows, graph.weight(whole(2)))
    shape = graph.add("Concat", images, graph.weight(whole(-1)), halved, axis=0)
    return graph.add("Reshape", "x", shape)


def resized_to_twice_its_shape(graph):
    sides = graph.add("Shape", "x", start=2)
    doubled = graph.add("Mul", sides, graph.weight(whole(2)))
    rest = graph.add("Shape", "x", end=2)
    sizes = graph.add("Concat", rest, doubled, axis=0)
    return graph.add("Resize", "x", "", "", sizes, mode="nearest")


def spread_over_its_shape(graph):
    ones = graph.add("ConstantOfShape", graph.weight(whole(1)), value=one_whole(3))
    sides = graph.add("Mul", graph.add("Shape", "x"), graph.add("Add", ones, minus_two(graph)))
    return graph.add("Expand", graph.weight(signed(1, CHANNELS, 1, 1)), sides)


def minus_two(graph):
    return graph.weight(whole(-2))


def one_whole(value):
    return numpy_helper.from_array(whole(value))


def with_a_constant_node(graph):
    value = numpy_helper.from_array(signed(CHANNELS, 1, 1))
    return graph.add("Mul", "x", graph.add("Constant", value=value))


def with_constants_of_one_number(graph):
    low, high = graph.add("Constant", value_float=-0.5), graph.add("Constant", value_float=0.5)
    return graph.add("Clip", "x", low, high)


def with_a_constant_that_is_cast(graph):
    return graph.add("Mul", "x", graph.add("Cast", graph.weight(whole(3)), to=TensorProto.FLOAT))


def squeezed_and_not(graph):
    mean = graph.add("ReduceMean", "x", graph.weight(whole(2, 3)))
    flat = graph.add("Squeeze", mean, graph.weight(whole(2, -1)))
    return graph.add("Add", "x", graph.add("Unsqueeze", flat, graph.weight(whole(2, 3))))


def squeezed_all(graph):
    plane = graph.add("ReduceMean", "x", graph.weight(whole(1)))
    return graph.add(
        "Add", "x", graph.add("Unsqueeze", graph.add("Squeeze", plane), minus_three(graph))
    )


def minus_three(graph):
    return graph.weight(whole(-3))


def squeezed_as_of_old(graph):
    mean = graph.add("ReduceMean", "x", axes=[2, 3])
    return graph.add(
        "Add", "x", graph.add("Unsqueeze", graph.add("Squeeze", mean, axes=[2, 3]), axes=[2, 3])
    )


def dense(graph):
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", "x"))
    return graph.add(
        "Gemm", pooled, graph.weight(signed(3, CHANNELS)), graph.weight(signed(3)), transB=1
    )


def dense_by_factors(graph):
    pooled = graph.add("Flatten", graph.add("GlobalMaxPool", "x"))
    across = graph.add("Transpose", pooled)
    return graph.add(
        "Gemm",
        across,
        graph.weight(signed(CHANNELS, 3)),
        graph.weight(signed(3)),
        transA=1,
        alpha=0.5,
        beta=2.0,
    )


def largest_channel(graph):
    return number(graph, graph.add("ArgMax", "x", axis=1))


def of_positive(kind, **attributes):
    def grow(graph):
        return graph.add(kind, graph.add("Abs", "x"), **attributes)

    return pytest.param(grow, 18, id=f"{kind} of positive")


def case(grow, opset=18):
    return pytest.param(grow, opset, id=f"{grow.__name__} opset {opset}")


def resizing(**attributes):
    return [
        one("Resize", None, broken(1, 1, *factors), **attributes)
        for factors in [(2, 2), (3, 2), (0.5, 0.5), (1.5, 0.75)]
    ]


K = CHANNELS
CASES = [
    one("Conv", signed(6, K, 3, 3), signed(6), pads=[1, 1, 1, 1]),
    one("Conv", signed(6, K, 4, 3), pads=[1, 0, 2, 2]),
    one("Conv", signed(6, K, 3, 5), strides=[2, 1], dilations=[2, 1]),
    one("Conv", signed(8, 2, 3, 3), signed(8), group=2, pads=[1, 1, 1, 1]),
    one("Conv", signed(K, 1, 3, 3), group=K, pads=[2, 2, 2, 2], dilations=[2, 2]),
    one("Conv", signed(6, K, 4, 4), auto_pad="SAME_UPPER", strides=[2, 2]),
    one("Conv", signed(6, K, 4, 4), auto_pad="SAME_LOWER"),
    one("Conv", signed(6, K, 4, 4), auto_pad="VALID"),
    one("ConvTranspose", signed(K, 3, 2, 2), signed(3), strides=[2, 2]),
    one(
        "ConvTranspose",
        signed(K, 3, 9, 9),
        strides=[2, 2],
        pads=[4, 4, 4, 4],
        output_padding=[1, 1],
    ),
    one("ConvTranspose", signed(K, 3, 4, 3), signed(3), strides=[2, 1], pads=[0, 1, 2, 1]),
    one("ConvTranspose", signed(K, 2, 3, 3), group=2, dilations=[2, 2], strides=[3, 3]),
    one("MatMul", signed(COLUMNS, 5)),
    case(dense),
    case(dense_by_factors),
    one("MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
    one("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    one("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1]),
    one("MaxPool", kernel_shape=[3, 2], strides=[3, 3], ceil_mode=1),
    one("MaxPool", kernel_shape=[3, 3], dilations=[2, 2]),
    one("MaxPool", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
    case(indices),
    case(unpooled),
    case(unpooled_to_a_shape),
    case(unpooling_by_masks),
    one("AveragePool", kernel_shape=[2, 2], strides=[2, 2]),
    one("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    one("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    one("AveragePool", kernel_shape=[3, 3], pads=[0, 0, 1, 1]),
    one("AveragePool", kernel_shape=[3, 3], pads=[0, 0, 1, 1], count_include_pad=1),
    one("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    one("GlobalAveragePool"),
    one("GlobalMaxPool"),
    one("ReduceMean", whole(2, 3)),
    one("ReduceMean", keepdims=1),
    one("ReduceMean", axes=[2, 3], keepdims=0, opset=13),
    one("ReduceMean", whole(), noop_with_empty_axes=1),
    one("ReduceSum", whole(1)),
    one("ReduceMax", whole(-1)),
    one("ReduceMin", whole(1, 3)),
    one("ReduceL2", whole(1)),
    case(largest_channel),
    one("Softmax", axis=1),
    one("Softmax"),
    one("Softmax", axis=2, opset=11),
    one("Softmax", opset=11),
    one("LogSoftmax", axis=1),
    one("LogSoftmax", axis=1, opset=11),
    one("BatchNormalization", signed(K), signed(K), signed(K), positive(K), epsilon=1e-3),
    one("InstanceNormalization", signed(K), signed(K)),
    one("LayerNormalization", signed(COLUMNS), signed(COLUMNS)),
    one("LayerNormalization", signed(1, 1, 1), axis=1),
    *map(one, ("Abs", "Ceil", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish")),
    *map(one, ("Identity", "LeakyRelu", "Neg", "Reciprocal", "Relu", "Selu", "Sigmoid", "Tanh")),
    one("Softplus"),
    one("Elu", alpha=0.5),
    one("LeakyRelu", alpha=0.3),
    one("HardSigmoid", alpha=0.3, beta=0.4),
    one("Gelu", opset=20),
    one("Gelu", opset=20, approximate="tanh"),
    of_positive("Log"),
    of_positive("Sqrt"),
    one("PRelu", signed(K, 1, 1)),
    one("PRelu", signed(1)),
    one("PRelu", signed(K, ROWS, COLUMNS)),
    one("PRelu", signed(COLUMNS)),
    one("Add", signed(K, 1, 1)),
    one("Sub", signed(K, 1, COLUMNS)),
    one("Mul", signed(1)),
    one("Div", positive(K, 1, 1)),
    one("Pow", broken(2)),
    one("Max", signed(K, 1, 1), signed(1)),
    one("Min", signed(K, 1, 1)),
    one("Sum", signed(K, 1, 1), signed(1)),
    one("Clip", np.float32(-0.5), np.float32(0.5)),
    one("Clip", None, np.float32(0.5)),
    one("Clip"),
    one("Clip", min=-0.5, max=0.5, opset=6),
    truth("Equal", IMAGE[:1]),
    truth("Greater", broken(0.1)),
    truth("GreaterOrEqual", IMAGE[:1]),
    truth("Less", broken(0.1)),
    truth("LessOrEqual", IMAGE[:1]),
    case(both_true),
    case(one_true),
    case(chosen),
    case(cast_down_and_up),
    case(dropped_out),
    case(the_mask_of_dropout),
    one("Concat", signed(2, 3, ROWS, COLUMNS), axis=1),
    one("DepthToSpace", blocksize=2),
    one("DepthToSpace", blocksize=2, mode="CRD"),
    one("SpaceToDepth", blocksize=4),
    case(parts_of_stated_sizes),
    case(the_smaller_last_part),
    case(equal_parts_of_old, 11),
    one("Expand", whole(3, 1, 1, 1, 1)),
    case(spread_over_its_shape),
    one("Flatten"),
    one("Flatten", axis=-1),
    one("Flatten", axis=0),
    one("Gather", whole(2, 0, -1), axis=1),
    one("Gather", np.int64(1), axis=-1),
    one("Gather", np.array([[0, 1], [2, 3]]), axis=2),
    one("Reshape", whole(0, -1, 6)),
    case(shuffled_by_its_shape),
    one("Slice", whole(1), whole(3), whole(1)),
    one("Slice", whole(-5, 0), whole(-1, 1000), whole(3, 2), whole(2, 3)),
    one("Slice", whole(-1), whole(-1000), whole(3), whole(-1)),
    one("Slice", whole(9), whole(2), whole(-1), whole(-3)),
    one("Slice", whole(0, 1), whole(2, 3)),
    one("Slice", starts=[1], ends=[-1], axes=[2], opset=9),
    case(squeezed_and_not),
    case(squeezed_all),
    case(squeezed_as_of_old, 11),
    one("Tile", whole(1, 2, 1, 3)),
    one("Transpose", perm=[0, 2, 3, 1]),
    one("Transpose"),
    one("Pad", whole(0, 0, 1, 2, 0, 0, 3, 4)),
    one("Pad", whole(0, 1, -1, 2, 0, 0, -2, 4), np.float32(1.5)),
    one("Pad", whole(0, 0, 1, 2, 0, 0, 3, 4), mode="reflect"),
    one("Pad", whole(0, 0, 1, 2, 0, 0, 3, 4), mode="edge"),
    one("Pad", whole(1, 2, 3, 4), None, whole(2, -1)),
    one("Pad", mode="constant", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=2.0, opset=10),
    *resizing(mode="nearest"),
    *resizing(mode="nearest", nearest_mode="round_prefer_ceil"),
    *resizing(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    *resizing(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="ceil"),
    *resizing(mode="linear"),
    *resizing(mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
    *resizing(mode="linear", coordinate_transformation_mode="asymmetric"),
    *resizing(mode="linear", coordinate_transformation_mode="align_corners"),
    case(resized_to_twice_its_shape),
    case(with_a_constant_node),
    case(with_constants_of_one_number),
    case(with_a_constant_that_is_cast),
]


def grown(grow, opset):
    graph = Graph(channels=CHANNELS, opset=opset)
    return graph.model(grow(graph), sides=None)


@pytest.mark.parametrize(("grow", "opset"), CASES)
def test_an_operator_answers_as_the_runtime_does(grow, opset):
    model = grown(grow, opset)
    wanted = answer(model, IMAGE)

    given = program(model, torch.float32)(torch.from_numpy(IMAGE)).numpy()

    assert given.shape == wanted.shape
    np.testing.assert_allclose(given, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("grow", "opset"), CASES)
def test_an_operator_can_be_tried_without_values(grow, opset):
    made = program(grown(grow, opset), torch.bfloat16)
    wanted = made(torch.from_numpy(IMAGE).bfloat16())

    tried = made.to("meta")(torch.empty(IMAGE.shape, dtype=torch.bfloat16, device="meta"))

    assert (tried.shape, tried.dtype) == (wanted.shape, wanted.dtype)


def test_every_operator_of_the_table_is_tried():
    tried = {
        node.op_type
        for grow, opset in (case.values for case in CASES)
        for node in grown(grow, opset).graph.node
    }

    assert tried - {"Constant"} == set(OPERATORS)


def test_factors_that_are_put_together_from_constants_are_known():
    graph = Graph(IMAGE.shape[1])
    ones, twos = np.ones(2, np.float32), np.full(2, 2, np.float32)
    factors = graph.add("Concat", graph.weight(ones), graph.weight(twos), axis=0)
    model = graph.model(graph.add("Resize", "x", "", factors, mode="nearest"))

    given = program(model, torch.float32)(torch.from_numpy(IMAGE)).numpy()

    np.testing.assert_allclose(given, answer(model, IMAGE), atol=1e-6)
