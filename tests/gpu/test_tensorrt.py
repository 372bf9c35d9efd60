"""TensorRT on a real GPU: plans are built, verified and served; copies and computing overlap."""

import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from small_networks import shelve_small

from engines.backends.onnxruntime import open_reference
from engines.backends.tensorrt.device import device_of, open_session
from engines.backends.tensorrt.execution import Execution
from engines.backends.tensorrt.library import load_library
from engines.backends.tensorrt.progress import go_on
from engines.backends.tensorrt.runner import Runner
from engines.backends.tensorrt.serving import build_tensorrt, examine, run, serve
from engines.backends.tensorrt.target import Target, gpu
from engines.backends.torch import open_torch
from engines.engine import UnusableError
from engines.plans.store import PlanStore
from engines.shelf import find_card
from engines.verification import compare

pytestmark = pytest.mark.gpu

MODELS = Path(__file__).parents[2] / "models"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(params=["small", "fsrcnn-x2"])
def card(request, tmp_path):
    if request.param == "small":
        return shelve_small(tmp_path / "models", batch=4)
    return find_card(MODELS, request.param)


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path / "plans")


def windows(card, count=4):
    low, high = card.input.range
    shades = np.random.default_rng(0).random((count, *card.window), np.float32)
    return list(low + (high - low) * shades)


def judged(card):
    """Return what holds an engine against the reference."""

    def judge(engine):
        with closing(open_reference(card)) as reference:
            return compare(engine, reference, windows(card))

    return judge


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_plan_is_built_verified_and_served(card, store, target, precision, record_property):
    made = build_tensorrt(card, precision, target, store, NOW, go_on)
    assert made.plan.size > 0

    found = examine((card, precision, target), store, judged(card))

    record_property(f"{card.name} {precision}", found.model_dump_json())
    assert found.passed, found.reason
    if precision == "fp32":
        assert found.maximum < 1e-4
    with closing(serve(card, precision, gpu(0), store)) as engine:
        batches = windows(card, 8)
        answers = [answer.copy() for answer in engine.stream(batches)]
        assert all(
            np.array_equal(one, engine(other)) for one, other in zip(answers, batches, strict=True)
        )


def test_a_damaged_plan_is_built_again(card, store, target):
    first = build_tensorrt(card, "fp32", target, store, NOW, go_on)
    (path,) = store.folder.glob("*/*/*.plan")
    path.write_bytes(path.read_bytes()[:-1])

    again = build_tensorrt(card, "fp32", target, store, NOW, go_on)

    with closing(run(card, target, store, again)) as engine:
        assert engine.backend == "tensorrt-fp32"
    assert again.fingerprint == first.fingerprint


def test_three_windows_on_their_way_are_faster_than_one(store, target, cuda, record_property):
    card = find_card(MODELS, "fsrcnn-x2")
    plan = store.plan(build_tensorrt(card, "fp16", target, store, NOW, go_on))
    window = windows(card, 1)[0]
    seconds = {}
    for depth in (1, 2, 3):
        session = open_session(cuda, 0)
        with session.current():
            execution = Execution(session, target.library, plan, card.window)
        with closing(Runner(session, execution, depth)) as runner:
            list(runner.stream(repeat(window, 50)))
            begun = time.perf_counter()
            list(runner.stream(repeat(window, 500)))
            seconds[depth] = (time.perf_counter() - begun) / 500
            record_property(f"ms a window, {depth} at once", round(1e3 * seconds[depth], 4))

    assert seconds[3] < 0.9 * seconds[1]


def test_tensorrt_rtx_runs_or_says_that_it_does_not_know_this_gpu(store, cuda, record_property):
    card = find_card(MODELS, "fsrcnn-x2")
    library = load_library("tensorrt_rtx")
    target = Target(library, device_of(cuda, 0), open_session(cuda, 0))
    try:
        made = build_tensorrt(card, "fp32", target, store, NOW, go_on)
        with closing(run(card, target, store, made)) as engine:
            found = judged(card)(engine)
    except UnusableError as refused:
        record_property(library.name, str(refused))
        assert "TensorRT" in str(refused)  # noqa: PT017 - the promise on a GPU it does not know
        return
    record_property(library.name, found.model_dump_json())
    assert found.passed


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_pytorch_answers_as_the_reference_does(card, cuda, precision, record_property):
    torch = pytest.importorskip("torch")
    if not (cuda and torch.cuda.is_available()):
        pytest.skip("this PyTorch has no CUDA")

    with closing(open_torch(card, precision, "cuda:0")) as engine:
        found = judged(card)(engine)

    record_property(f"{card.name} {engine.backend}", found.model_dump_json())
    assert found.passed, found.reason
