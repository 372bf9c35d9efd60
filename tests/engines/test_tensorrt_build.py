"""Every network becomes a plan, by TensorRT-RTX on the CPU, through the code that a GPU's takes."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest
from fake_cuda import Gpu
from onnx import helper
from small_networks import GOOD, card_of, doubling, model_of, shelve_small, weights

from engines.architectures import ARCHITECTURES
from engines.backends.tensorrt.build import BuildSpec, build, timings_of, use_timings
from engines.backends.tensorrt.device import Device, Session, driver_version
from engines.backends.tensorrt.graph import prepared
from engines.backends.tensorrt.library import load_library
from engines.backends.tensorrt.progress import CancelledError, go_on
from engines.backends.tensorrt.serving import build_tensorrt, examine, open_tensorrt, run, serve
from engines.backends.tensorrt.target import Target, no_gpu, tensorrt_state
from engines.engine import UnusableError
from engines.plans.manifest import PlanError
from engines.plans.store import PlanStore
from engines.shelf import cards

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MODELS = Path(__file__).parents[2] / "models"
MUCH = 2**20
"""Bytes of weights, beside which the code of a plan is little."""


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path / "plans")


@pytest.fixture
def card(tmp_path):
    return shelve_small(tmp_path / "models")


@pytest.fixture
def room():
    """Give a folder that is gone afterwards: pytest keeps its own, and there is much to keep."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def library():
    return load_library("tensorrt_rtx")


def build_small(card, store, precision="fp32", progress=go_on):
    return build_tensorrt(card, precision, no_gpu(), store, NOW, progress)


def built_from(library, model, window=(1, 1, 24, 24)):
    return build(library, model.SerializeToString(), BuildSpec(window), b"", go_on)


def never(phase, step, of):
    pytest.fail(f"it is built again: {phase} {step} of {of}")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_becomes_a_plan_in_single_and_half_precision(name, room):
    store, card = PlanStore(room / "plans"), card_of(ARCHITECTURES[name], room)

    single, half = (build_small(card, store, precision).plan for precision in ("fp32", "fp16"))

    stored = card.weights.stat().st_size
    assert half != single
    if stored > MUCH:
        assert 0.95 < single.size / stored < 1.5
        assert 0.45 < half.size / stored < 0.9


@pytest.mark.parametrize("card", cards(MODELS), ids=lambda card: f"{card.name}-{card.version}")
def test_every_shipped_model_becomes_a_plan(card, room):
    for precision in ("fp32", "fp16"):
        assert build_small(card, PlanStore(room / "plans"), precision).plan.size > 0


def test_a_plan_that_is_there_is_not_built_again(card, store):
    first = build_small(card, store)

    assert build_small(card, store, progress=never) == first
    assert first.seconds > 0
    assert first.built_at == NOW
    assert first.built_by.startswith("user ")


def test_a_damaged_plan_is_built_again(card, store):
    first = build_small(card, store)
    (path,) = store.folder.glob("*/*/*.plan")
    path.write_bytes(b"garbage")

    again = build_small(card, store)

    assert store.plan(again) != b"garbage"
    assert again.fingerprint == first.fingerprint


def test_each_precision_window_and_library_has_a_plan_of_its_own(card):
    target = no_gpu()
    other = Target(Gpu(card.window, doubled).library, Device("none"), None)
    wider = card.model_copy(update={"batch": 2})

    prints = {
        target.fingerprint(card, "fp32").key,
        target.fingerprint(card, "fp16").key,
        target.fingerprint(wider, "fp32").key,
        other.fingerprint(card, "fp32").key,
    }

    assert len(prints) == 4


def test_under_another_driver_the_plan_is_not_built_but_verified_again(card, store):
    target = no_gpu()
    before = replace(target, device=replace(target.device, driver="580.65"))
    after = replace(target, device=replace(target.device, driver="590.10"))
    built = build_tensorrt(card, "fp32", before, store, NOW, go_on)
    store.with_verification(built, GOOD, before.device.circumstances)

    again = build_tensorrt(card, "fp32", after, store, NOW, never)

    assert again.plan == built.plan
    with pytest.raises(PlanError, match=r"verified under driver 580\.65, this is driver 590\.10"):
        store.verified(after.fingerprint(card, "fp32"), card, after.device.circumstances)


def test_what_tensorrt_does_not_know_is_named_by_operator_and_node(library):
    model = model_of([helper.make_node("Entropy", ["x"], ["y"], "third layer")], {})

    with pytest.raises(UnusableError, match=r"cannot read the graph: .*Entropy.*third layer"):
        built_from(library, model)


def test_pooling_that_tells_where_it_found_the_largest_is_not_understood(library):
    node = helper.make_node("MaxPool", ["x"], ["y", "where"], "pool", kernel_shape=[2, 2])

    with pytest.raises(UnusableError, match=r"MaxPool pool: .*outputs for MaxPool"):
        built_from(library, model_of([node], {}))


def test_what_cannot_be_built_is_told_in_tensorrts_words(library):
    node = helper.make_node("Conv", ["x", "w"], ["y"], "too wide")
    model = model_of([node], {"w": weights(1, 4, 1, 7, 7)})

    with pytest.raises(UnusableError, match=r"TensorRT builds no plan: .*too wide"):
        built_from(library, model, (1, 1, 4, 4))


def test_a_graph_of_fixed_shape_must_be_of_the_cards_window(library):
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv")
    model = model_of([node], {"w": weights(1, 4, 1, 3, 3)}, given=(1, 1, 24, 24))

    assert built_from(library, model).plan
    with pytest.raises(UnusableError, match=r"takes \(1, 1, 24, 24\), .* is \(1, 1, 32, 32\)"):
        built_from(library, model, (1, 1, 32, 32))


def test_a_graph_with_two_answers_is_refused(library):
    model = model_of([helper.make_node("Split", ["x"], ["y", "z"], "split", num_outputs=2)], {})
    model.graph.output.add().CopyFrom(model.graph.output[0])
    model.graph.output[1].name = "z"

    with pytest.raises(UnusableError, match="1 inputs and 2 outputs"):
        built_from(library, model)


def test_progress_is_told_in_steps_of_phases(card, store):
    told = []

    build_small(card, store, progress=lambda *step: told.append(step) or True)

    assert {"Building engine"} <= {phase for phase, _, _ in told}
    assert all(1 <= step <= of for _, step, of in told)
    last = {phase: step for phase, step, _ in told}
    assert last["Building engine"] > 1


def test_a_build_that_is_cancelled_leaves_nothing(card, store):
    with pytest.raises(CancelledError):
        build_small(card, store, progress=lambda *_: False)

    assert not list(store.folder.rglob("*.plan"))
    assert build_small(card, store).plan


INTERRUPTED = """
import signal, sys
from datetime import UTC, datetime
from pathlib import Path
from engines.backends.tensorrt.progress import go_on
from engines.backends.tensorrt.serving import build_tensorrt
from engines.backends.tensorrt.target import no_gpu
from engines.card import read_card
from engines.plans.store import PlanStore

def interrupted(*_):
    signal.raise_signal(signal.SIGINT)
    return True

card, store = read_card(Path(sys.argv[1])), PlanStore(Path(sys.argv[2]))
asked = card, "fp32", no_gpu(), store, datetime(2026, 1, 2, tzinfo=UTC)
try:
    build_tensorrt(*asked, interrupted)
except KeyboardInterrupt:
    print("interrupted", build_tensorrt(*asked, go_on).plan.size)
"""


def test_ctrl_c_ends_a_build(card, store):
    asked = [sys.executable, "-c", INTERRUPTED, str(card.folder), str(store.folder)]

    told = subprocess.run(asked, capture_output=True, text=True, check=True)

    assert told.stdout.startswith("interrupted ")
    assert list(store.known(card.name, card.version))


@pytest.mark.filterwarnings("ignore:Use Deprecated in TensorRT-RTX 1.2:DeprecationWarning")
def test_a_build_takes_what_earlier_ones_measured_and_gives_what_it_did(library):
    """TensorRT-RTX takes the calls, and measures nothing."""
    config = library.trt.Builder(library.logger).create_builder_config()

    use_timings(config, b"")
    first = timings_of(config)
    use_timings(config, first)

    assert isinstance(first, bytes)
    assert timings_of(config) == first


def test_the_graph_that_is_built_has_no_padding_and_the_precision_asked_for(card):
    first = onnx.load_model_from_string(prepared(card, "fp16")).graph

    pads = [list(a.ints) for node in first.node for a in node.attribute if a.name == "pads"]
    assert pads == [[0] * 4] * 2
    assert {tensor.data_type for tensor in first.initializer} == {onnx.TensorProto.FLOAT16}
    assert [node.op_type for node in first.node][::5] == ["Cast", "Cast"]


def test_a_precision_that_tensorrt_is_not_given_is_refused(card, store):
    with pytest.raises(UnusableError, match="no bf16 here; there is fp16 and fp32"):
        build_small(card, store, "bf16")


def test_weights_in_other_files_are_refused_for_their_checksum_says_nothing(tmp_path, store):
    card = shelve_small(tmp_path / "models")
    model = doubling()
    onnx.save_model(
        model, card.weights, save_as_external_data=True, size_threshold=0, location="more.bin"
    )

    with pytest.raises(UnusableError, match="is kept in another file"):
        build_small(card, store)


def test_weights_that_are_no_graph_are_refused(card, store):
    card.weights.write_bytes(b"nonsense")

    with pytest.raises(UnusableError, match=f"cannot read {card.weights}"):
        build_small(card, store)


def test_a_library_that_is_not_installed_is_named():
    with pytest.raises(UnusableError, match="no_such_tensorrt is not installed"):
        load_library("no_such_tensorrt")


def test_importing_the_back_end_loads_neither_tensorrt_nor_cuda():
    heavy = "{'tensorrt', 'tensorrt_rtx', 'pycuda', 'torch'} & set(sys.modules)"
    code = f"import sys, engines.backends.tensorrt.serving; print({heavy})"

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    assert printed.stdout.strip() == b"set()"


def test_where_tensorrt_cannot_be_used_it_is_said_why(card, store):
    reason = tensorrt_state()

    with pytest.raises(UnusableError) as refused:
        open_tensorrt(card, "fp32", 0, store)

    assert str(refused.value).startswith(reason or "no verified plan for NVIDIA")


def doubled(window):
    return window[..., 2:-2, 2:-2].repeat(2, axis=-2).repeat(2, axis=-1)


def target_of(card):
    gpu = Gpu(card.window, doubled)
    device = Device("NVIDIA H100", "9.0", 132, 80 * 2**30, "580.65", "13000")
    return Target(gpu.library, device, Session(gpu.cuda, 0))


@pytest.fixture
def target(card):
    return target_of(card)


@pytest.fixture
def planned(card, store, target):
    like = build_small(card, store)
    fingerprint = target.fingerprint(card, "fp16")
    manifest = like.model_copy(update={"fingerprint": fingerprint})
    return store.obtain(fingerprint, lambda: (manifest, b"a plan"))


def test_a_verified_plan_is_served(card, store, target, planned):
    store.with_verification(planned, GOOD, target.device.circumstances)

    engine = serve(card, "fp16", target, store)

    batch = np.random.default_rng(0).random(card.window, np.float32)
    assert engine.backend == "tensorrt-fp16"
    assert np.array_equal(engine(batch), doubled(batch))


@pytest.mark.parametrize("passed", [None, False])
def test_a_plan_that_has_not_passed_verification_is_not_served(
    card, store, target, planned, passed
):
    if passed is not None:
        failed = GOOD.model_copy(update={"passed": passed, "reason": "strays"})
        store.with_verification(planned, failed, target.device.circumstances)

    with pytest.raises(UnusableError, match="no verified plan for NVIDIA H100: run `senoscope eng"):
        serve(card, "fp16", target, store)


def test_a_plan_that_was_examined_serves_or_not_by_what_was_found(card, store, target, planned):
    assert planned.verification is None

    assert examine((card, "fp16", target), store, lambda _: GOOD) == GOOD

    assert serve(card, "fp16", target_of(card), store)
    failed = GOOD.model_copy(update={"passed": False, "reason": "strays"})
    examine((card, "fp16", target_of(card)), store, lambda _: failed)
    with pytest.raises(UnusableError, match="did not pass verification: strays"):
        serve(card, "fp16", target_of(card), store)


def test_for_a_gpu_without_a_plan_it_is_said_how_to_build_one(card, store, target):
    with pytest.raises(
        UnusableError,
        match=r"run `senoscope engines build small` \(no plan of small 1 on tensorrt-fp32 for NV",
    ):
        serve(card, "fp32", target, store)


def test_to_be_verified_a_plan_is_run_all_the_same(card, store, target, planned):
    assert run(card, target, store, planned).backend == "tensorrt-fp16"


def test_without_a_gpu_a_plan_is_built_but_not_run(card, store):
    with pytest.raises(UnusableError, match="runs nothing without a GPU"):
        run(card, no_gpu(), store, build_small(card, store))


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug", "535.104.05"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Rel", "580.65.06"),
        ("something else", ""),
    ],
)
def test_the_drivers_version_is_read_off_its_own_words(tmp_path, told, version):
    path = tmp_path / "version"
    path.write_text(f"{told}\nGCC version: gcc 12.2.0\n")

    assert driver_version(path) == version
    assert driver_version(tmp_path / "absent") == ""
