"""From somebody's ONNX file to weights as the shelf wants them: adapted exactly, or refused."""

from contextlib import suppress

import numpy as np
import pytest
from foreign import (
    blurring,
    classifier,
    doubling,
    graph,
    keras_model,
    run,
    saved,
    sklearn_model,
    with_weights_elsewhere,
)
from onnx import TensorProto, helper, numpy_helper

from engines.importing.foreign import ForeignError, read_foreign
from engines.importing.process import Bounds, try_out
from engines.importing.wish import Wish

CLASSES = Wish(task="classification", labels=2)
MASK = Wish(task="segmentation", labels=1, tile=32)
LARGER = Wish(task="super-resolution")

MB = 1_000_000


def pictures(images=3, side=16):
    return np.random.default_rng(1).random((images, 1, side, side), np.float32)


def tried(model, folder, wish=CLASSES, **bounds):
    return try_out(saved(model, folder), wish, Bounds(**bounds))


def refused(model, folder, wish=CLASSES, **bounds):
    with pytest.raises(ForeignError) as caught:
        tried(model, folder, wish, **bounds)
    return str(caught.value)


# What other frameworks make


@pytest.mark.parametrize("kind", ["mlp", "forest"])
def test_a_classifier_of_scikit_learn_answers_as_it_did_there(tmp_path, kind):
    learner, model = sklearn_model(kind)

    found, weights = tried(model, tmp_path)

    assert (found.tile, found.halo, found.scale) == (16, 0, 1)
    wanted = learner.predict_proba(pictures().reshape(3, -1))
    assert np.ptp(wanted) > 0.1
    assert run(weights, pictures()) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.filterwarnings("ignore")  # of Keras and PyTorch, about each other
@pytest.mark.parametrize(("kind", "wish"), [("classifier", CLASSES), ("mask", MASK)])
def test_a_network_of_keras_answers_as_it_did_there(tmp_path, kind, wish):
    network, path = keras_model(tmp_path, kind)
    images = pictures(side=32)

    found, weights = try_out(path, wish, Bounds())

    wanted = np.asarray(network(images.transpose(0, 2, 3, 1)).detach())
    wanted = wanted.transpose(0, 3, 1, 2) if kind == "mask" else wanted
    assert found.tile == 32
    assert np.ptp(wanted) > 0.001
    assert run(weights, images) == pytest.approx(wanted, abs=1e-5)


# How images are laid out


def means_of(layout, channels=1, side=8):
    """Return a model of that layout that answers with the mean of its image, and one minus it."""
    taken = {
        "nchw": ("n", channels, side, side),
        "nhwc": ("n", side, side, channels),
        "nhw": ("n", side, side),
        "flat": ("n", side * side),
    }[layout]
    size = channels * side * side
    columns = np.linspace(0, 2 / size, size, dtype=np.float32)[:, np.newaxis]
    weights = {"w": columns, "one": np.float32([1])}
    nodes = [
        helper.make_node("Flatten", ["image"], ["values"], axis=1),
        helper.make_node("MatMul", ["values", "w"], ["mean"]),
        helper.make_node("Sub", ["one", "mean"], ["rest"]),
        helper.make_node("Concat", ["mean", "rest"], ["answer"], axis=1),
    ]
    return graph(nodes, taken, ("n", 2), weights)


@pytest.mark.parametrize("layout", ["nchw", "nhwc", "nhw", "flat"])
def test_every_layout_of_a_grey_image_is_understood(tmp_path, layout):
    model, images = means_of(layout), pictures(side=8)

    found, weights = tried(model, tmp_path)

    shape = {"nchw": (3, 1, 8, 8), "nhwc": (3, 8, 8, 1), "nhw": (3, 8, 8), "flat": (3, 64)}[layout]
    assert found.tile == 8
    assert run(weights, images) == pytest.approx(run(model, images.reshape(shape)), abs=1e-6)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_a_network_for_colours_is_given_three_times_the_grey(tmp_path, layout):
    model, images = means_of(layout, channels=3), pictures(side=8)

    _, weights = tried(model, tmp_path)

    axis = layout.index("c")
    laid = images if layout == "nchw" else images.transpose(0, 2, 3, 1)
    assert run(weights, images) == pytest.approx(run(model, laid.repeat(3, axis)), abs=1e-6)


def test_a_layout_that_is_not_clear_is_asked_for(tmp_path):
    model = means_of("nchw", side=3, channels=3)

    assert "--layout nchw or nhwc" in refused(model, tmp_path)
    assert tried(model, tmp_path, CLASSES.model_copy(update={"layout": "nhwc"}))


# In which numbers


@pytest.mark.parametrize(
    ("kind", "dtype"), [(TensorProto.DOUBLE, np.float64), (TensorProto.FLOAT16, np.float16)]
)
def test_other_floats_are_cast(tmp_path, kind, dtype):
    weights = {"w": np.random.default_rng(0).normal(0, 0.1, (64, 2)).astype(dtype)}
    model = classifier(kind=kind, weights=weights)
    images = pictures(side=8)

    _, adapted = tried(model, tmp_path)

    answer = run(adapted, images)
    assert answer.dtype == np.float32
    assert answer == pytest.approx(run(model, images.astype(dtype)).astype(np.float32), abs=1e-3)


def test_bytes_are_rounded_not_cut_off(tmp_path):
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["float"], ["flat"], axis=1),
        helper.make_node("ReduceMax", ["flat", "axis"], ["max"], keepdims=1),
        helper.make_node("Div", ["max", "white"], ["answer"]),
    ]
    weights = {"axis": np.int64([1]), "white": np.float32([255])}
    model = graph(nodes, ("n", 1, 8, 8), ("n", 1), weights)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8

    _, adapted = tried(model, tmp_path, Wish(task="classification", labels=1, black_white=(0, 255)))

    levels = np.float32([0, 100.4, 100.6, 255]).reshape(4, 1, 1, 1) / 255
    answer = 255 * run(adapted, np.broadcast_to(levels, (4, 1, 8, 8)).copy())
    assert answer.ravel() == pytest.approx([0, 100, 101, 255], abs=1e-3)


def test_black_and_white_are_what_the_network_takes_them_as(tmp_path):
    model, images = means_of("nchw"), pictures(side=8)
    inside = Wish(task="classification", labels=2, black_white=(0.25, 0.75))

    _, weights = tried(model, tmp_path, inside)

    assert run(weights, images) == pytest.approx(run(model, 0.25 + images / 2), abs=1e-6)


def test_what_a_network_that_enlarges_answers_is_brought_back_to_0_and_1(tmp_path):
    images = pictures(side=8)

    found, weights = tried(doubling(), tmp_path, Wish(task="super-resolution", black_white=(-1, 1)))

    assert (found.scale, found.halo) == (2, 0)
    assert run(weights, images) == pytest.approx(images.repeat(2, 2).repeat(2, 3), abs=1e-6)


# What it answers


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_what_is_no_probability_becomes_one_as_is_said(tmp_path, activation):
    model = classifier()
    del model.graph.node[2]
    model.graph.node[1].output[0] = "answer"
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(
            np.random.default_rng(0).normal(0, 2, (64, 2)).astype(np.float32), "w"
        )
    )

    assert "--activation softmax or sigmoid" in refused(model, tmp_path)

    _, weights = tried(model, tmp_path, CLASSES.model_copy(update={"activation": activation}))
    logits, answer = run(model, pictures(side=8)), run(weights, pictures(side=8))
    powers = np.exp(logits)
    wanted = {
        "softmax": powers / powers.sum(axis=1, keepdims=True),
        "sigmoid": powers / (1 + powers),
    }[activation]
    assert answer == pytest.approx(wanted, abs=1e-5)


def test_of_several_outputs_one_must_be_named(tmp_path):
    model = classifier()
    model.graph.output.append(helper.make_tensor_value_info("sums", TensorProto.FLOAT, ("n", 2)))

    assert "--output; there is answer, sums" in refused(model, tmp_path)
    assert "no output 'other'" in refused(
        model, tmp_path, CLASSES.model_copy(update={"output": "other"})
    )
    _, weights = tried(model, tmp_path, CLASSES.model_copy(update={"output": "answer"}))
    assert run(weights, pictures(side=8)).shape == (3, 2)


@pytest.mark.parametrize(
    ("model", "wish", "told"),
    [
        (classifier(3), CLASSES, "answers 3 classes: --labels names 2"),
        (blurring(), Wish(task="segmentation", labels=2, tile=32), "answers 1 channels, 2 are"),
        (doubling(), MASK, "want the same size"),
        (blurring(), LARGER, "want 2 to 4 times"),
        (doubling(), Wish(task="super-resolution", scale=3), "want"),
        (blurring(), Wish(task="segmentation", labels=1), "--tile"),
        (classifier(), Wish(task="classification", labels=2, tile=9), "takes 8 x 8 pixels, not 9"),
    ],
)
def test_an_answer_that_does_not_fit_its_task_is_refused(tmp_path, model, wish, told):
    assert told in refused(model, tmp_path, wish)


# How far it sees


def test_a_network_that_enlarges_is_given_the_halo_that_it_needs(tmp_path):
    model = blurring()
    model.graph.node[0].output[0] = "blurred"
    model.graph.node.extend(
        [
            helper.make_node("Concat", ["blurred"] * 4, ["four"], axis=1),
            helper.make_node("DepthToSpace", ["four"], ["answer"], blocksize=2),
        ]
    )

    found, _ = tried(model, tmp_path, LARGER)

    assert (found.scale, found.halo) == (2, 1)
    assert found.tile == 258


def test_a_network_that_sees_the_whole_image_is_asked_for_its_halo(tmp_path):
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Add", ["image", "mean"], ["raised"]),
        helper.make_node("Concat", ["raised"] * 4, ["four"], axis=1),
        helper.make_node("DepthToSpace", ["four"], ["answer"], blocksize=2),
    ]

    assert "--halo" in refused(graph(nodes), tmp_path, LARGER)


def test_a_network_that_segments_is_run_on_the_whole_image_unless_a_halo_is_said(tmp_path):
    whole, _ = tried(blurring(), tmp_path, MASK)
    tiled, _ = tried(blurring(), tmp_path, MASK.model_copy(update={"halo": 1}))

    assert (whole.halo, tiled.halo) == (0, 1)


def test_a_network_for_one_image_at_a_time_stays_one(tmp_path):
    model = classifier(taken=(1, 1, 8, 8), given=(1, 2))
    model.graph.node[0].CopyFrom(helper.make_node("Reshape", ["image", "shape"], ["flat"]))
    model.graph.initializer.append(numpy_helper.from_array(np.int64([1, 64]), "shape"))

    _, alone = tried(model, tmp_path)
    _, several = tried(classifier(taken=(1, 1, 8, 8), given=(1, 2)), tmp_path)

    assert run(alone, pictures(1, 8)) == pytest.approx(run(several, pictures(1, 8)))
    assert run(several, pictures(3, 8)).shape == (3, 2)


# What is refused


def test_an_old_graph_is_brought_up(tmp_path):
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["answer"]),
    ]
    weights = {"w": np.random.default_rng(0).normal(0, 0.1, (64, 2)).astype(np.float32)}

    _, adapted = tried(graph(nodes, ("n", 1, 8, 8), ("n", 2), weights, opset=8), tmp_path)

    assert run(adapted, pictures(side=8)).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("place", ["/etc/passwd", "../secret", "weights.data"])
def test_weights_in_another_file_are_never_looked_for(tmp_path, place):
    path = with_weights_elsewhere(tmp_path, place)

    with pytest.raises(ForeignError, match="save it with the weights inside"):
        read_foreign(path)


def test_external_data_in_a_constant_is_seen_too(tmp_path):
    model = classifier()
    constant = helper.make_node(
        "Constant", [], ["c"], value=numpy_helper.from_array(np.float32([1]), "c")
    )
    constant.attribute[0].t.data_location = TensorProto.EXTERNAL
    model.graph.node.insert(0, constant)

    assert "another file" in refused(model, tmp_path)


def test_a_file_that_was_cut_off_is_told_as_such(tmp_path):
    whole = classifier().SerializeToString()
    path = tmp_path / "cut.onnx"

    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(ForeignError, match=r"cut\.onnx: "):
            try_out_of_this_process(path)


def try_out_of_this_process(path):
    """Try only what can be read at all: starting a process for each cut takes long."""
    model = read_foreign(path)
    raise ForeignError(refused(model, path.parent).replace("foreign.onnx", "cut.onnx"))


@pytest.mark.parametrize("content", [b"", b"hello, this is no network", b"\x00" * 100])
def test_what_is_no_network_is_told_as_such(tmp_path, content):
    path = tmp_path / "file.onnx"
    path.write_bytes(content)

    with pytest.raises(ForeignError, match="not an ONNX file"):
        read_foreign(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with pytest.raises(ForeignError, match="0 MB are allowed"):
        read_foreign(saved(classifier(), tmp_path), largest=100)


def loop():
    body = helper.make_graph([], "body", [], [])
    return graph([helper.make_node("Loop", ["image"], ["answer"], body=body)])


def two_inputs():
    model = graph([helper.make_node("Add", ["image", "other"], ["answer"])])
    model.graph.input.append(
        helper.make_tensor_value_info("other", TensorProto.FLOAT, ("n", 1, "h", "w"))
    )
    return model


def with_function():
    model = classifier()
    model.functions.append(
        helper.make_function("own", "f", ["a"], ["b"], [], [helper.make_opsetid("", 18)])
    )
    return model


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (
            graph([helper.make_node("Attack", ["image"], ["answer"], domain="evil")]),
            "operators of its own (evil: Attack)",
        ),
        (graph([helper.make_node("Attack", ["image"], ["answer"])]), "no operator 'Attack'"),
        (graph([helper.make_node("RandomNormalLike", ["image"], ["answer"])]), "another answer"),
        (loop(), "control flow (Loop)"),
        (with_function(), "inline_local_functions"),
        (two_inputs(), "2 inputs (image, other)"),
        (classifier(opset=99), "newer than what is known"),
        (classifier(kind=TensorProto.INT64), "takes int64"),
        (classifier(kind=TensorProto.STRING), "takes string"),
        (classifier(taken=("n", 5, 8, 8)), "say --layout"),
        (classifier(taken=("n", 5, 8, 3)), "takes 5 x 8 pixels"),
        (classifier(taken=("n", 1, 8, 9)), "takes 8 x 9 pixels"),
        (classifier(taken=(7, 1, 8, 8)), "takes 7 images at once"),
        (classifier(taken=("n", 63)), "takes 63 values"),
        (classifier(taken=("n", 1, 8, 8, 8)), "takes 5 axes"),
        (classifier(weights={"w": np.full((64, 2), np.nan, np.float32)}), "NaN"),
        (classifier(weights={"w": np.ones((63, 2), np.float32)}), "cannot open it"),
    ],
)
def test_what_cannot_be_run_here_is_refused_with_its_reason(tmp_path, model, told):
    assert told in refused(model, tmp_path)


def bomb(*shape):
    """Return a model that makes a tensor of that shape from a few bytes."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0),
        helper.make_node("Flatten", ["image"], ["flat"], axis=1),
        helper.make_node("Add", ["flat", "most"], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["answer"], axis=1),
    ]
    return graph(nodes, ("n", 1, 8, 8), ("n", 64), {"shape": np.int64(shape)})


def hidden_bomb():
    """Return a model whose large shape is only known once it is run."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
        helper.make_node("Ceil", ["most"], ["one"]),
        helper.make_node("Mul", ["one", "size"], ["many"]),
        helper.make_node("Cast", ["many"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["whole", "single"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["top"], keepdims=0),
        helper.make_node("Flatten", ["image"], ["flat"], axis=1),
        helper.make_node("Add", ["flat", "top"], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["answer"], axis=1),
    ]
    weights = {"size": np.float32(2e10), "single": np.int64([1])}
    return graph(nodes, ("n", 1, 8, 8), ("n", 64), weights)


MANY = Wish(task="classification", labels=64)


@pytest.mark.parametrize(
    "shape", [(1 << 20, 1 << 20), (1 << 40,), (50_000, 10_000), (1 << 31, 1 << 31, 4)]
)
def test_a_bomb_is_seen_before_it_goes_off(tmp_path, shape):
    assert "needs more than 1000 MB" in refused(bomb(*shape), tmp_path, MANY, memory=1000 * MB)


def test_a_bomb_that_nobody_could_see_takes_only_its_own_process(tmp_path):
    told = refused(hidden_bomb(), tmp_path, MANY, memory=1000 * MB)

    assert "ONNX Runtime cannot run it" in told or "ended the process" in told


def test_a_small_one_is_no_bomb(tmp_path):
    found, _ = tried(bomb(100, 100), tmp_path, MANY, memory=1000 * MB)

    assert found.tile == 8


def test_what_takes_too_long_is_given_up(tmp_path):
    assert "did not answer within" in refused(classifier(), tmp_path, seconds=0.01)


def test_a_file_with_a_wrong_byte_is_taken_or_refused_and_breaks_nothing(tmp_path):
    whole, chance = classifier().SerializeToString(), np.random.default_rng(0)
    path = tmp_path / "garbled.onnx"
    told = []

    for number in range(400):
        garbled = bytearray(whole)
        garbled[chance.integers(len(whole))] = chance.integers(256)
        path.write_bytes(garbled)
        with suppress(ForeignError):
            read_foreign(path)
            if number % 40 == 0:  # a process for each would take long
                try_out(path, CLASSES, Bounds(memory=1000 * MB, seconds=60))
            continue
        told.append(number)

    assert 0 < len(told) < 400
