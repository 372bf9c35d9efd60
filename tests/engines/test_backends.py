import subprocess
import sys
import threading

import numpy as np
import pytest
from networks_of_chance import shelve

from engines.backends.onnxruntime import open_reference
from engines.backends.openvino import open_openvino
from engines.card import CardError
from engines.engine import UnusableError
from engines.load import intolerable, open_engine, probe


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return shelve(tmp_path_factory.mktemp("models"))


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


def test_bf16_answers_are_not_rounded_to_bf16(card):
    try:
        engine = open_openvino(card, "bf16")
    except UnusableError as reason:
        assert "no bf16" in str(reason)  # noqa: PT017 - the promise on a CPU that lacks it
        return

    answer = engine(probe(card))

    assert (answer.view(np.uint32) & 0xFFFF).any()  # bf16 is the upper half of fp32


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
    assert intolerable(card, engine, open_reference(card)) is None


def test_a_precision_that_strays_too_far_is_not_taken_and_it_is_said_why(card, caplog):
    caplog.set_level("INFO", "engines.load")
    strict = card.tolerance.model_copy(update={"maximum": 1e-4})

    engine = open_engine(card.model_copy(update={"tolerance": strict}))

    assert engine.backend == "openvino-fp32"
    assert "chance 1: openvino-bf16 is not taken: " in caplog.text


def test_straying_is_told_in_numbers(card):
    reference = open_reference(card)

    class Astray:
        def __call__(self, batch):
            return reference(batch) + np.float32(0.05)

    assert "strays by 0.05 rms, 0.02 is tolerated" in intolerable(card, Astray(), reference)


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
