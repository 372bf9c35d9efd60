"""fp16 graphs: run by ONNX Runtime, and held against the same graph in fp32."""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_networks import doubling, model_of, weights

from engines.compile.half import half


def answer(model, batch):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"x": batch})[0]


def types(model):
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def normalised():
    """Return a classifier: convolution, batch normalisation, clip, pooling, a linear layer."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "conv", pads=[1] * 4),
        helper.make_node("BatchNormalization", ["a", "g", "o", "m", "v"], ["b"], "norm"),
        helper.make_node("Clip", ["b", "low", "high"], ["c"], "clip"),
        helper.make_node("GlobalAveragePool", ["c"], ["d"], "mean"),
        helper.make_node("Flatten", ["d"], ["e"], "flat"),
        helper.make_node("Gemm", ["e", "k", "l"], ["y"], "linear", transB=1),
    ]
    tensors = {
        "w": weights(1, 6, 1, 3, 3),
        "g": 1 + weights(2, 6),
        "o": weights(3, 6),
        "m": weights(4, 6),
        "v": np.abs(weights(5, 6)) + 0.5,
        "low": np.array(0, np.float32),
        "high": np.array(6, np.float32),
        "k": weights(6, 3, 6),
        "l": weights(7, 3),
    }
    return model_of(nodes, tensors, answered=("n", "classes"))


def unpooling():
    """Return pooling and its exact inverse by masks, with constants in nodes, as SegNet has it."""
    nodes = [
        helper.make_node("MaxPool", ["x"], ["top"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("SpaceToDepth", ["x"], ["phases"], "apart", blocksize=2),
        helper.make_node("Split", ["phases"], ["p", "q", "r", "s"], "split", axis=1, num_outputs=4),
        helper.make_node("Equal", ["p", "top"], ["hit"], "equal"),
        helper.make_node("Constant", [], ["none"], "none", value_float=0.0),
        helper.make_node("Where", ["hit", "top", "none"], ["kept"], "where"),
        helper.make_node("Cast", ["hit"], ["counted"], "count", to=TensorProto.FLOAT),
        helper.make_node("Concat", ["kept", "counted", "q", "r"], ["all"], "all", axis=1),
        helper.make_node("DepthToSpace", ["all"], ["y"], "together", blocksize=2, mode="DCR"),
    ]
    return model_of(nodes, {})


def resized():
    """Return a network whose scales ONNX wants in fp32 whatever the rest is in."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "conv", pads=[1] * 4),
        helper.make_node("Resize", ["a", "", "scales"], ["y"], "resize", mode="linear"),
    ]
    return model_of(nodes, {"w": weights(1, 2, 1, 3, 3), "scales": np.array([1, 1, 2, 2], "f4")})


@pytest.mark.parametrize("network", [doubling, normalised, unpooling, resized])
def test_in_half_precision_a_network_answers_nearly_the_same_in_fp32(network):
    batch = np.random.default_rng(0).random((2, 1, 16, 12), np.float32)

    halved = half(network())

    onnx.checker.check_model(halved, full_check=True)
    wanted, given = answer(network(), batch), answer(halved, batch)
    assert given.dtype == np.float32
    assert np.abs(given - wanted).max() < 4e-3


def test_weights_are_rounded_to_half_precision():
    batch = np.random.default_rng(0).random((2, 1, 16, 12), np.float32)

    assert (answer(half(doubling()), batch) != answer(doubling(), batch)).any()


def test_weights_and_arithmetic_are_fp16():
    halved = half(doubling())

    assert set(types(halved).values()) == {TensorProto.FLOAT16}
    inferred = onnx.shape_inference.infer_shapes(halved, strict_mode=True, data_prop=True)
    within = {value.name: value.type.tensor_type.elem_type for value in inferred.graph.value_info}
    assert {within[name] for name in "abc"} == {TensorProto.FLOAT16}


def test_scales_stay_fp32():
    assert types(half(resized()))["scales"] == TensorProto.FLOAT


def test_numbers_too_large_become_the_largest_and_infinities_stay():
    bounds = np.array([3e38, -3e38, np.inf, -np.inf, 1], np.float32)
    nodes = [helper.make_node("Add", ["x", "bounds"], ["y"], "add")]

    halved = half(model_of(nodes, {"bounds": bounds}, ("n", 1, "h", 5)))

    values = numpy_helper.to_array(halved.graph.initializer[0])
    assert values.tolist() == [65504, -65504, np.inf, -np.inf, 1]


def test_the_given_model_is_not_changed():
    model = doubling()

    half(model)

    assert model == doubling()


def test_halving_leaves_the_interpreter_alone():
    code = "import sys; was = list(sys.path); import engines.compile.half; print(sys.path == was)"

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    assert printed.stdout.strip() == b"True"
