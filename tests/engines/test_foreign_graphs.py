"""What OpenVINO is given is rewritten on the way: graphs that others wrote must survive it."""

import numpy as np
import pytest
from onnx import helper
from small_networks import model_of, weights
from tiled_networks import card_of

from engines.backends.onnxruntime import open_reference
from engines.backends.openvino import open_openvino


def convolution(given, answer, *names, **stated):
    return helper.make_node("Conv", [given, *names], [answer], **{"pads": [1] * 4, **stated})


def shuffle(given, mode="CRD"):
    return helper.make_node("DepthToSpace", [given], ["y"], blocksize=2, mode=mode)


KERNELS = {
    "one": weights(1, 4, 1, 3, 3),
    "two": weights(2, 4, 4, 3, 3),
    "wide": weights(3, 4, 4, 3, 5),
    "each": weights(4, 4, 1, 3, 3),
    "bias": 5 * weights(5, 4),
    "slope": weights(6, 4, 1, 1),
    "slopes": weights(7, 4, 24, 24),
}


def bends(given, answer, slopes="slope"):
    return helper.make_node("PRelu", [given, slopes], [answer])


FOREIGN = {
    "each phase its own bias": [
        convolution("x", "a", "one", "bias"),
        convolution("a", "b", "two", "bias"),
        shuffle("b"),
    ],
    "one bias for two convolutions": [
        convolution("x", "a", "one", "bias"),
        bends("a", "b"),
        convolution("b", "c", "two", "bias"),
        shuffle("c"),
    ],
    "no biases": [convolution("x", "a", "one"), convolution("a", "b", "two"), shuffle("b")],
    "phases in another order": [
        convolution("x", "a", "one"),
        convolution("a", "b", "two"),
        shuffle("b", "DCR"),
    ],
    "padding to be found": [
        helper.make_node("Conv", ["x", "one"], ["a"], auto_pad="SAME_UPPER"),
        helper.make_node("Conv", ["a", "two"], ["b"], auto_pad="SAME_UPPER"),
        shuffle("b"),
    ],
    "a kernel that is wider than high": [
        convolution("x", "a", "one"),
        convolution("a", "b", "wide", pads=[1, 2, 1, 2]),
        shuffle("b"),
    ],
    "more padding before than after": [
        convolution("x", "a", "one", pads=[2, 2, 0, 0]),
        convolution("a", "b", "two", pads=[0, 0, 2, 2]),
        shuffle("b"),
    ],
    "kernel shape and strides stated": [
        convolution("x", "a", "one", kernel_shape=[3, 3], strides=[1, 1]),
        convolution("a", "b", "two", kernel_shape=[3, 3], strides=[1, 1], dilations=[1, 1]),
        shuffle("b"),
    ],
    "channels on their own": [
        convolution("x", "a", "one"),
        convolution("a", "b", "each", group=4),
        shuffle("b"),
    ],
    "a kernel with holes": [
        convolution("x", "a", "one"),
        convolution("a", "b", "two", dilations=[2, 2], pads=[2] * 4),
        shuffle("b"),
    ],
    "a slope for each place": [
        convolution("x", "a", "one"),
        bends("a", "b", "slopes"),
        convolution("b", "c", "two"),
        shuffle("c"),
    ],
    "a way around": [
        convolution("x", "a", "one"),
        convolution("a", "b", "two"),
        helper.make_node("Add", ["a", "b"], ["c"]),
        shuffle("c"),
    ],
    "phases used twice": [
        convolution("x", "a", "one"),
        convolution("a", "b", "two", "bias"),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Add", ["b", "c"], ["d"]),
        shuffle("d"),
    ],
}


@pytest.mark.parametrize("halo", [0, 2, 3])
@pytest.mark.parametrize("name", FOREIGN)
def test_openvino_equals_the_reference_for_graphs_that_others_wrote(name, halo, tmp_path):
    used = {part for node in FOREIGN[name] for part in node.input}
    model = model_of(FOREIGN[name], {key: KERNELS[key] for key in KERNELS if key in used})
    card = card_of(tmp_path, model, scale=2, halo=halo, tile=24)
    batch = np.random.default_rng(9).random((1, 1, 24, 24), np.float32)

    given, wanted = (opener(card)(batch) for opener in (open_openvino, open_reference))

    assert given.shape == (1, 1, 2 * (24 - 2 * halo), 2 * (24 - 2 * halo))
    np.testing.assert_allclose(given, wanted, atol=1e-5)


def test_odd_windows_are_answered_too(tmp_path):
    model = model_of(
        FOREIGN["each phase its own bias"], {key: KERNELS[key] for key in ("one", "two", "bias")}
    )
    card = card_of(tmp_path, model, scale=2, halo=2, tile=23)
    batch = np.random.default_rng(9).random((1, 1, 23, 23), np.float32)

    given, wanted = (opener(card)(batch) for opener in (open_openvino, open_reference))

    np.testing.assert_allclose(given, wanted, atol=1e-5)
