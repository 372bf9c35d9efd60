import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from networks_of_chance import shelve
from onnx import helper
from small_networks import model_of
from tiled_networks import card_of, ending_in_a_convolution, labels

from engines.architectures import ARCHITECTURES
from engines.backends import onnxruntime, openvino
from engines.backends.onnxruntime import open_reference
from engines.backends.openvino import SHAPES, open_openvino
from engines.card import CardError
from engines.engine import UnusableError
from engines.load import open_engine
from engines.probe import probe
from engines.untrained import untrained_card
from engines.verification import compare

OPENERS = (open_reference, open_openvino)
OF_EACH_KIND = ("edsr-baseline-x2", "unet", "segnet", "resnet50", "densenet121")
SIDE, IMAGES = 64, 2


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return shelve(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module", params=OF_EACH_KIND)
def region_card(request, tmp_path_factory):
    made = untrained_card(ARCHITECTURES[request.param], tmp_path_factory.mktemp("chance"))
    return made.model_copy(update={"tile": SIDE, "batch": IMAGES})


def regions():
    """Return a batch of regions: shapes from coarse to fine."""
    chance = np.random.default_rng(8)
    shades = [
        np.kron(chance.random((IMAGES, 1, SIDE // size, SIDE // size)), np.ones((size, size)))
        for size in (16, 4, 1)
    ]
    return np.mean(shades, axis=0, dtype=np.float32)


def test_an_engine_answers_for_what_lies_a_halo_from_the_edge(card):
    surroundings = np.random.default_rng(2).random((2, 1, 1, 48, 48), np.float32)
    surroundings[:, :, :, 8:-8, 8:-8] = 0.5  # of which 16 x 16 is a halo from the noise

    for engine in (open_reference(card), open_openvino(card)):
        one, other = (engine(batch) for batch in surroundings)
        assert one.shape == (1, 1, 64, 64)
        assert (one[..., 16:-16, 16:-16] == other[..., 16:-16, 16:-16]).all()
        assert (one != other).any()


def test_openvino_equals_the_reference(card):
    batch = probe(card)

    np.testing.assert_allclose(open_openvino(card)(batch), open_reference(card)(batch), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 48, 48), (3, 1, 20, 30), (1, 1, 23, 21), (1, 1, 17, 17)])
def test_openvino_takes_batches_of_any_shape(card, shape):
    batch = np.random.default_rng(0).random(shape, np.float32)

    np.testing.assert_allclose(open_openvino(card)(batch), open_reference(card)(batch), atol=1e-5)


def test_openvino_equals_the_reference_for_networks_of_each_kind(region_card):
    given, wanted = (opener(region_card)(regions()) for opener in OPENERS)

    scale = region_card.scale * SIDE
    classes = len(region_card.labels) or 1
    shape = (scale, scale) if region_card.task != "classification" else ()
    assert given.shape == wanted.shape == (IMAGES, classes, *shape)
    off = np.abs(given - wanted) > 1e-4
    # SegNet's pooled places are not continuous: two values that are almost equal change places
    assert off.mean() <= (0.01 if region_card.name == "segnet" else 0)


@pytest.mark.parametrize("opener", OPENERS)
def test_a_stream_answers_in_order_and_asks_for_one_batch_at_a_time(card, opener):
    engine, asked = opener(card), []
    batches = np.random.default_rng(1).random((4, 1, 1, 48, 48), np.float32)

    def made():
        buffer = np.empty_like(batches[0])
        for number, batch in enumerate(batches):
            asked.append(number)
            buffer[:] = batch  # a batch may be changed once the next is asked for
            yield buffer

    for number, answer in enumerate(engine.stream(made())):
        assert asked[-1] == number
        np.testing.assert_array_equal(answer, engine(batches[number]))
    assert len(asked) == len(batches)


def test_openvino_stays_compiled_for_the_last_few_shapes(card):
    engine = open_openvino(card)
    others = [(1, 1, 20 + 2 * number, 20) for number in range(SHAPES - 1)]

    for shape in [card.window, *others, *others, card.window]:
        engine(np.zeros(shape, np.float32))

    assert engine._compiled.cache_info().misses == SHAPES  # noqa: SLF001 - nobody else is told


def test_each_back_end_tells_its_version_and_precisions():
    assert re.fullmatch(r"20\d\d\.\d+\.\d+, fp32( bf16)?", openvino.state())
    assert re.fullmatch(r"\d+\.\d+\.\d+, fp32", onnxruntime.state())


def test_the_reference_runs_trees_and_other_learners(tmp_path):
    batch = np.random.default_rng(3).random((3, 1, 4, 4), np.float32)
    card = learner(tmp_path)

    answer = open_reference(card)(batch)

    brighter = batch[:, 0, 0, 1] > 0.5  # pixel 1
    np.testing.assert_allclose(answer, np.stack([~brighter, brighter], 1), atol=1e-6)


def test_openvino_says_that_it_cannot_run_trees(tmp_path):
    with pytest.raises(UnusableError, match="cannot compile"):
        open_openvino(learner(tmp_path))


def learner(folder):
    """Return the card of a decision tree that looks at the second pixel."""
    told = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [1, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0],
        "target_nodeids": [1, 2],
        "target_ids": [0, 1],
        "target_weights": [1.0, 1.0],
        "n_targets": 2,
    }
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("TreeEnsembleRegressor", ["flat"], ["y"], domain="ai.onnx.ml", **told),
    ]
    model = model_of(nodes, {}, answered=("n", 2))
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    return card_of(folder, model, task="classification", labels=labels(2), tile=4)


def test_bf16_answers_are_not_rounded_to_bf16(card):
    try:
        engine = open_openvino(card, "bf16")
    except UnusableError as reason:
        assert "no bf16" in str(reason)  # noqa: PT017 - the promise on a CPU that lacks it
        return

    answer = engine(probe(card))

    assert (answer.view(np.uint32) & 0xFFFF).any()  # bf16 is the upper half of fp32


def test_bf16_answers_of_a_network_that_ends_in_a_convolution_are_not_rounded_either(tmp_path):
    try:
        engine = open_openvino(card_of(tmp_path, ending_in_a_convolution()), "bf16")
    except UnusableError as reason:
        assert "no bf16" in str(reason)  # noqa: PT017 - the promise on a CPU that lacks it
        return

    answer = engine(probe(engine.card))

    assert (answer.view(np.uint32) & 0xFFFF).any()


def test_an_engine_may_be_called_from_many_threads(card):
    engine = open_openvino(card)
    batches = np.random.default_rng(1).random((8, 1, 1, 48, 48), np.float32)
    wanted = [engine(batch) for batch in batches]
    given = [None] * len(batches)

    def call(index):
        for _ in range(20):
            given[index] = engine(batches[index])

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all((one == other).all() for one, other in zip(given, wanted, strict=True))


def test_an_answer_outlives_the_next_call(card):
    engine = open_openvino(card)
    first = engine(probe(card))
    kept = first.copy()

    engine(1 - probe(card))

    assert (first == kept).all()


def test_the_best_precision_within_tolerance_is_opened(card):
    engine = open_engine(card)

    assert engine.backend in {"openvino-bf16", "openvino-fp32"}
    assert compare(engine, open_reference(card), [probe(card)]).passed


def test_a_precision_that_strays_too_far_is_not_taken_and_it_is_said_why(card, caplog):
    caplog.set_level("INFO", "engines.load")
    strict = card.tolerance.model_copy(update={"maximum": 1e-4})

    engine = open_engine(card.model_copy(update={"tolerance": strict}))

    assert engine.backend == "openvino-fp32"
    assert "chance 1: openvino-bf16 is not taken: " in caplog.text


def test_a_graph_that_no_back_end_reads_names_each_and_why(card, tmp_path):
    broken = card.model_copy(update={"folder": tmp_path, "sha256": EMPTY_SHA256})
    broken.weights.write_bytes(b"")

    with pytest.raises(UnusableError, match=r"openvino-fp32: .*onnxruntime-fp32: "):
        open_engine(broken)


def test_altered_weights_are_not_opened(card):
    with pytest.raises(CardError, match="sha256"):
        open_engine(card.model_copy(update={"sha256": EMPTY_SHA256}))


def test_importing_engines_starts_nothing_that_a_fork_would_break():
    heavy = "{'openvino', 'onnxruntime', 'torch'} & set(sys.modules)"
    code = f"import sys, engines.load, engines.shelf, engines.tiling; print({heavy})"

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    assert printed.stdout.strip() == b"set()"


def test_an_unknown_device_is_named(card):
    with pytest.raises(UnusableError, match="no device 'cuda:0' here"):
        open_engine(card, "cuda:0")


EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
