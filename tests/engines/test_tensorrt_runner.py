"""Windows through a fake GPU that puts everything off: order, overlap, threads, faults, the end."""

import gc
import threading

import numpy as np
import pytest
from fake_cuda import Gpu
from small_networks import shelve_small

from engines.backends.tensorrt.device import Session
from engines.backends.tensorrt.engine import TensorRtEngine
from engines.backends.tensorrt.execution import Execution
from engines.backends.tensorrt.runner import DEPTH, Runner
from engines.engine import DeviceLostError, UnusableError

TAKES = (2, 1, 4, 4)


def negative(window):
    return 1 - window


def doubled(window):
    """Return the inside of a window of the small network, twice as large."""
    return window[..., 2:-2, 2:-2].repeat(2, axis=-2).repeat(2, axis=-1)


def runner_on(gpu, depth=DEPTH):
    session = Session(gpu.cuda, 0)
    with session.current():
        execution = Execution(session, gpu.library, b"a plan", gpu.takes)
    return Runner(session, execution, depth)


def some_batches(count, takes=TAKES):
    return np.random.default_rng(count).random((count, *takes), np.float32)


def answers(runner, batches):
    return [answer.copy() for answer in runner.stream(batches)]


def is_right(gpu, given, batches):
    wanted = [gpu.network(batch) for batch in batches]
    return len(given) == len(wanted) and all(
        np.array_equal(one, other) for one, other in zip(given, wanted, strict=True)
    )


@pytest.mark.parametrize("is_late", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 50])
def test_each_batch_is_answered_in_order_however_late_things_happen(is_late, depth, count):
    for seed in range(5):
        gpu = Gpu(TAKES, negative, is_late, seed)
        runner, batches = runner_on(gpu, depth), some_batches(count)

        assert is_right(gpu, answers(runner, batches), batches)


@pytest.mark.parametrize("stream", [1, 2])
def test_the_fake_gpu_tells_when_a_stream_does_not_wait(stream):
    """The negative control: 1 computes and must wait for the copy in, 2 copies out."""
    gpu = Gpu(TAKES, negative, deaf=(stream,))
    batches = some_batches(9)

    assert not is_right(gpu, answers(runner_on(gpu), batches), batches)


def test_the_fake_gpu_tells_when_an_answer_is_not_waited_for():
    gpu = Gpu(TAKES, negative, is_impatient=True)
    batches = some_batches(9)

    assert not is_right(gpu, answers(runner_on(gpu), batches), batches)


def test_the_fake_gpu_tells_when_a_slot_is_used_again_too_early(monkeypatch):
    gpu = Gpu(TAKES, negative)
    runner, batches = runner_on(gpu), some_batches(9)
    only = runner._free_slot()  # noqa: SLF001 - to break it
    monkeypatch.setattr(runner, "_free_slot", lambda: only)

    assert not is_right(gpu, answers(runner, batches), batches)


def test_no_more_is_asked_for_than_can_be_on_its_way():
    gpu, asked = Gpu(TAKES, negative), []

    def batches():
        for number, batch in enumerate(some_batches(10)):
            asked.append(number)
            yield batch

    stream = runner_on(gpu).stream(batches())
    seen = []
    for given, _ in enumerate(stream):
        seen.append(len(asked) - given)

    assert max(seen) == DEPTH
    assert len(seen) == 10


def test_batches_smaller_than_a_window_are_filled_up_and_cut():
    gpu = Gpu(TAKES, negative)
    runner = runner_on(gpu)
    batches = [some_batches(1)[0], some_batches(1)[0][:1], some_batches(2)[1]]

    given = answers(runner, batches)

    assert [len(answer) for answer in given] == [2, 1, 2]
    assert is_right(gpu, given, batches)


def test_who_stops_listening_leaves_all_slots_free():
    gpu = Gpu(TAKES, negative)
    runner, batches = runner_on(gpu), some_batches(9)
    made = len(gpu.contents)

    for _ in range(4):
        stream = runner.stream(iter(batches))
        next(stream)
        stream.close()

    assert is_right(gpu, answers(runner, batches), batches)
    assert len(gpu.contents) == made


def test_what_goes_wrong_in_the_source_of_batches_is_told_and_leaves_all_slots_free():
    gpu = Gpu(TAKES, negative)
    runner, batches = runner_on(gpu), some_batches(9)
    made = len(gpu.contents)

    def failing():
        yield from batches[:2]
        raise LookupError

    with pytest.raises(LookupError):
        answers(runner, failing())

    assert is_right(gpu, answers(runner, batches), batches)
    assert len(gpu.contents) == made


def test_many_threads_may_stream_at_once():
    gpu = Gpu(TAKES, negative, is_late=False)
    runner = runner_on(gpu)
    batches = {number: some_batches(20 + number) for number in range(4)}
    given = {}

    def run(number):
        given[number] = answers(runner, batches[number])

    threads = [threading.Thread(target=run, args=(number,)) for number in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(is_right(gpu, given[number], batches[number]) for number in batches)


def test_a_stream_may_go_on_while_another_is_listened_to():
    gpu = Gpu(TAKES, negative)
    runner, batches = runner_on(gpu), some_batches(6)

    outer = runner.stream(batches)
    given = [(next(outer).copy(), answers(runner, batches[::-1])) for _ in batches]

    assert is_right(gpu, [one for one, _ in given], batches)
    assert all(is_right(gpu, inner, batches[::-1]) for _, inner in given)


def test_the_context_is_there_while_something_is_done_and_not_longer():
    gpu = Gpu(TAKES, negative)
    runner = runner_on(gpu)
    assert gpu.stack == []

    for _ in runner.stream(some_batches(4)):
        assert gpu.stack == []

    assert gpu.pushes > 0


def test_things_are_given_back_last_made_first_in_their_context():
    gpu = Gpu(TAKES, negative)
    runner = runner_on(gpu)
    answers(runner, some_batches(4))

    runner.close()
    del runner
    gc.collect()

    order = list(dict.fromkeys(gpu.gone))
    assert order == [
        "execution context",
        "memory",
        "engine",
        "runtime",
        "event",
        "stream",
    ]
    assert gpu.faults == []
    assert gpu.used == 0
    assert gpu.gone.count("stream") == 3


def test_a_lost_device_is_told_apart_and_closes_all_the_same():
    gpu = Gpu(TAKES, negative)
    runner = runner_on(gpu)
    gpu.is_lost = True

    with pytest.raises(DeviceLostError, match="lost to this process: an illegal memory access"):
        answers(runner, some_batches(4))

    runner.close()
    del runner
    gc.collect()
    assert gpu.gone == []


def test_a_device_that_is_lost_on_the_way_is_told_apart():
    gpu = Gpu(TAKES, negative)
    runner = runner_on(gpu)
    stream = runner.stream(some_batches(9))
    next(stream)
    gpu.is_lost = True

    with pytest.raises(DeviceLostError):
        next(stream)
    del stream
    gc.collect()
    assert gpu.gone == []  # to free something now may abort the process

    runner.close()


def test_want_of_memory_is_no_loss():
    gpu = Gpu(TAKES, negative, memory=1500)

    with pytest.raises(UnusableError, match="CUDA: cuMemAlloc failed: out of memory"):
        runner_on(gpu)


def test_what_tensorrt_refuses_is_told_in_its_words_and_leaves_all_slots_free():
    gpu = Gpu(TAKES, negative)
    runner, batches = runner_on(gpu), some_batches(3)
    made = len(gpu.contents)
    gpu.refuses = "Error Code 7: it will not"

    for _ in range(4):
        with pytest.raises(UnusableError, match="Error Code 7: it will not"):
            answers(runner, batches)

    gpu.refuses = ""
    assert is_right(gpu, answers(runner, batches), batches)
    assert len(gpu.contents) == made


def test_a_plan_that_does_not_load_is_told_so():
    gpu = Gpu(TAKES, negative)
    session = Session(gpu.cuda, 0)

    with session.current(), pytest.raises(UnusableError, match=r"not load the plan: .* magic tag"):
        Execution(session, gpu.library, b"another plan", TAKES)


def test_a_plan_for_another_window_is_told_so():
    gpu = Gpu(TAKES, negative)
    session = Session(gpu.cuda, 0)

    with session.current(), pytest.raises(UnusableError, match=r"does not take \(1, 1, 8, 8\)"):
        Execution(session, gpu.library, b"a plan", (1, 1, 8, 8))


@pytest.fixture
def card(tmp_path):
    return shelve_small(tmp_path, batch=2)


@pytest.fixture
def engine(card):
    return TensorRtEngine(card, "tensorrt-fp16", runner_on(Gpu(card.window, doubled)))


@pytest.mark.parametrize("images", [0, 1, 2, 3, 4, 7])
def test_an_engine_takes_any_number_of_images(engine, images):
    batch = np.random.default_rng(images).random((images, 1, 24, 24), np.float32)

    given = engine(batch)

    assert given.shape == (images, 1, 40, 40)
    assert np.array_equal(given, doubled(batch))


def test_an_engine_streams_batches_of_any_number_in_order(engine):
    rng = np.random.default_rng(1)
    batches = [rng.random((images, 1, 24, 24), np.float32) for images in (2, 1, 5, 2, 3, 2, 2)]

    given = [answer.copy() for answer in engine.stream(batches)]

    assert all(
        np.array_equal(one, doubled(other)) for one, other in zip(given, batches, strict=True)
    )


def test_an_answer_outlives_the_next_call(engine):
    first = engine(np.zeros((1, 1, 24, 24), np.float32))

    engine(np.ones((1, 1, 24, 24), np.float32))

    assert (first == 0).all()


def test_an_engine_says_which_windows_it_takes(engine):
    with pytest.raises(ValueError, match=r"tensorrt-fp16 takes \(2, 1, 24, 24\), not \(1, 1, 32"):
        engine(np.zeros((1, 1, 32, 32), np.float32))


def test_warming_up_runs_the_plan(card):
    gpu = Gpu(card.window, doubled)
    engine = TensorRtEngine(card, "tensorrt-fp16", runner_on(gpu))

    engine.warm_up()

    assert sum(operation.is_done for operation in gpu.operations) > 0
