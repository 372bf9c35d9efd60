import hashlib
import subprocess
import sys
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from graphs_of_chance import Graph, answer
from networks_of_chance import shelve
from onnx import TensorProto

from engines.architectures import ARCHITECTURES
from engines.backends.onnxruntime import open_reference
from engines.backends.torch import open_torch
from engines.backends.torch.faults import translated
from engines.backends.torch.reading import program
from engines.backends.torch.threads import on_threads
from engines.compile.export import plain, rewritten
from engines.engine import DeviceLostError, UnusableError
from engines.training.chance import network_of_chance


def probe(card):
    return np.random.default_rng(4).random(card.window, np.float32)


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return shelve(tmp_path_factory.mktemp("models"))


def test_torch_equals_the_reference(card):
    batch = probe(card)

    np.testing.assert_allclose(open_torch(card)(batch), open_reference(card)(batch), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 48, 48), (3, 1, 20, 30), (1, 1, 23, 21), (1, 1, 17, 17)])
def test_torch_takes_batches_of_any_shape(card, shape):
    batch = np.random.default_rng(0).random(shape, np.float32)

    np.testing.assert_allclose(open_torch(card)(batch), open_reference(card)(batch), atol=1e-5)


def test_torch_takes_batches_that_it_may_not_write_to_and_that_lie_apart(card):
    engine, batch = open_torch(card), probe(card)
    apart = np.repeat(batch, 2, axis=3)[..., ::2]
    apart.setflags(write=False)

    assert (engine(apart) == engine(batch)).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA device")
@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-4), ("bf16", 0.1), ("fp16", 0.02)])
def test_on_a_gpu_torch_strays_no_further_and_a_stream_answers_as_calls_do(card, precision, most):
    engine = open_torch(card, precision, "cuda:0")
    batches = np.random.default_rng(1).random((6, 1, 1, 48, 48), np.float32)

    streamed = [answer.copy() for answer in engine.stream(batches)]

    for given, batch in zip(streamed, batches, strict=True):
        np.testing.assert_allclose(given, open_reference(card)(batch), atol=most)
        np.testing.assert_allclose(given, engine(batch), atol=most / 10)


@pytest.mark.parametrize(("precision", "bits"), [("bf16", 8), ("fp16", 11)])
def test_another_precision_rounds_to_its_bits_and_answers_in_fp32(card, precision, bits):
    engine, batch = open_torch(card, precision), probe(card)

    given, wanted = engine(batch), open_reference(card)(batch)

    strays = np.abs(given - wanted).max() / np.abs(wanted).max()
    assert (engine.backend, given.dtype) == (f"torch-{precision}", np.float32)
    assert 2.0 ** -(bits + 2) < strays < 2.0 ** -(bits - 4)


SMALL = {
    "edsr-x3": {"scale": 3, "blocks": 2, "filters": 8},
    "rdn-x4": {"scale": 4, "d": 2, "c": 2, "g": 8, "g0": 8},
    "unet": {"width": 4},
    "segnet": {},
    "densenet121": {},
}


@pytest.mark.parametrize("form", [plain, rewritten])
@pytest.mark.parametrize("name", SMALL)
def test_the_networks_of_the_papers_answer_as_in_the_runtime(name, form):
    small = replace(ARCHITECTURES[name], arguments=SMALL[name], side=64)
    model = form(network_of_chance(small, 0))
    batch = np.random.default_rng(2).random((2, 1, 64, 32), np.float32)

    given = program(model, torch.float32)(torch.from_numpy(batch)).numpy()

    np.testing.assert_allclose(given, answer(model, batch), atol=2e-4)


def test_a_stream_answers_in_order_and_asks_for_no_more_than_a_few_batches(card):
    engine, asked = open_torch(card), []
    batches = np.random.default_rng(1).random((6, 1, 1, 48, 48), np.float32)

    def made():
        for number, batch in enumerate(batches):
            asked.append(number)
            yield batch

    answers = engine.stream(made())
    first = next(answers).copy()

    assert len(asked) <= 4
    for given, batch in zip([first, *answers], batches, strict=True):
        assert (given == engine(batch)).all()


def test_an_engine_may_be_called_from_many_threads(card):
    engine = open_torch(card, threads=1)
    batches = np.random.default_rng(1).random((4, 1, 1, 48, 48), np.float32)
    wanted = [engine(batch) for batch in batches]
    given = [None] * len(batches)

    def call(index):
        for _ in range(5):
            given[index] = engine(batches[index])

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all((one == other).all() for one, other in zip(given, wanted, strict=True))


@pytest.mark.parametrize(("wanted", "more"), [(3, 3), (0, None)])
def test_threads_are_as_wanted_and_afterwards_as_before(wanted, more):
    before = torch.get_num_threads()

    with on_threads(wanted):
        meanwhile = torch.get_num_threads()

    assert (meanwhile, torch.get_num_threads()) == (more or before, before)


def test_an_engine_leaves_the_number_of_threads_as_it_was(card):
    before = torch.get_num_threads()

    open_torch(card, threads=before + 1)(probe(card))

    assert torch.get_num_threads() == before


def test_a_closed_engine_gives_its_weights_back(card):
    engine = open_torch(card)
    weights = weakref.ref(next(iter(engine._program.weights.values())))  # noqa: SLF001 - to see them go

    engine.close()

    assert weights() is None


def test_what_is_not_read_any_more_is_given_back_at_once():
    graph = Graph()
    x = "x"
    for _ in range(9):
        x = graph.add("Neg", x)
    made, alive, most = program(graph.model(x), torch.float32), weakref.WeakSet(), []

    def noting(_said, batch):
        most.append(len(alive))
        values = -batch
        alive.add(values)
        return values

    steps = [replace(step, operator=noting) for step in made.steps]
    replace(made, steps=steps)(torch.ones(1, 1, 2, 2))

    assert max(most) == 1


def shelved(card, tmp_path, model):
    (tmp_path / "weights.onnx").write_bytes(model.SerializeToString())
    sha256 = hashlib.sha256((tmp_path / "weights.onnx").read_bytes()).hexdigest()
    return card.model_copy(update={"folder": tmp_path, "sha256": sha256, "halo": 0, "scale": 1})


def test_an_operator_that_is_lacking_is_named_when_the_engine_is_opened(card, tmp_path):
    graph = Graph()
    model = graph.model(graph.add("Hardmax", "x", axis=1))

    with pytest.raises(UnusableError, match="no operator Hardmax of ONNX"):
        open_torch(shelved(card, tmp_path, model))


def test_a_way_of_an_operator_that_is_lacking_is_named_when_the_engine_is_opened(card, tmp_path):
    graph = Graph()
    factors = graph.weight(np.array([1, 1, 2, 2], np.float32))
    model = graph.model(graph.add("Resize", "x", "", factors, mode="cubic"))

    with pytest.raises(UnusableError, match="Resize cubic by half_pixel"):
        open_torch(shelved(card, tmp_path, model))


def test_a_graph_that_does_not_take_the_window_is_refused_when_the_engine_is_opened(card, tmp_path):
    graph = Graph()
    model = graph.model(graph.add("Conv", "x", graph.positive(2, 3, 3, 3)))

    with pytest.raises(UnusableError, match=r"cannot run .*channel"):
        open_torch(shelved(card, tmp_path, model))


def test_weights_outside_the_file_are_not_looked_for(card, tmp_path):
    graph = Graph()
    model = graph.model(graph.add("Add", "x", graph.weight(np.zeros(1, np.float32))))
    outside = model.graph.initializer[0]
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="elsewhere")
    outside.ClearField("raw_data")

    with pytest.raises(UnusableError, match=r"weights outside the file \(w0\)"):
        open_torch(shelved(card, tmp_path, model))


@pytest.mark.parametrize("bytes_in_it", [b"", b"not a graph"])
def test_a_file_that_is_no_graph_is_refused(card, tmp_path, bytes_in_it):
    (tmp_path / "weights.onnx").write_bytes(bytes_in_it)

    with pytest.raises(UnusableError, match=r"cannot run .*weights\.onnx"):
        open_torch(card.model_copy(update={"folder": tmp_path}))


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "cuda:x"])
def test_a_device_that_is_not_there_is_named(card, device):
    with pytest.raises(UnusableError, match=f"sees no device '{device}' here"):
        open_torch(card, device=device)


@pytest.mark.parametrize(
    ("raised", "meant"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), UnusableError),
        (torch.AcceleratorError("CUDA error: an illegal access", 700), DeviceLostError),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), DeviceLostError),
        (RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling"), DeviceLostError),
        (RuntimeError("The size of tensor a must match"), RuntimeError),
    ],
)
def test_what_fails_on_the_device_is_told_apart(raised, meant):
    with pytest.raises(meant) as told, translated():
        raise raised

    assert told.type is meant


def test_importing_the_back_end_does_not_import_pytorch():
    code = "import sys, engines.backends.torch; print('torch' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    assert printed.stdout.strip() == b"False"


def test_without_pytorch_it_is_said_that_it_is_not_installed(card, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(UnusableError, match="not installed"):
        open_torch(card)
