from datetime import UTC, datetime

import numpy as np
import pytest
from networks_of_chance import shelve

from engines.backends.onnxruntime import open_reference
from engines.card import CardError, Tolerance
from engines.engine import UnusableError
from engines.evaluation.tiles import tiles
from engines.examination import Examiner
from engines.load import open_engine
from engines.plans.manifest import Circumstances, Manifest
from engines.plans.store import PlanStore
from engines.probe import probe
from engines.verification import compare
from engines.ways import ways

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return shelve(tmp_path_factory.mktemp("models"))


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path / "plans")


def examined(card, store):
    examiner = Examiner("cpu", store, NOON, "a test")
    return {one.backend: one for one in examiner.examine(card, [probe(card)])}


def test_every_way_is_held_against_the_reference(card, store):
    found = examined(card, store)

    assert found["onnxruntime-fp32"].reason == "it is the reference"
    for exact in ("openvino-fp32", "torch-fp32"):
        assert found[exact].state == "passed"
        assert found[exact].verification.psnr > 90
    assert found["openvino-bf16"].state in {"passed", "not here"}


def test_what_was_found_is_kept(card, store):
    examined(card, store)

    kept = {one.fingerprint.backend: one for one in store.known(card.name, card.version)}

    assert kept["openvino-fp32"].verification.passed
    assert kept["openvino-fp32"].built_at == NOON
    assert kept["openvino-fp32"].fingerprint.weights == card.sha256


def test_what_did_not_pass_is_not_served_even_where_the_card_allows_it(card, store, caplog):
    caplog.set_level("INFO", "engines.load")
    strict = card.model_copy(update={"tolerance": Tolerance(maximum=1e-9, root_mean_square=1e-9)})
    found = examined(strict, store)

    engine = open_engine(strict, "cpu", store)

    assert found["openvino-fp32"].state == "failed"
    assert "is tolerated" in found["openvino-fp32"].reason
    assert engine.backend == "onnxruntime-fp32"
    assert "openvino-fp32 is not taken: it did not pass verification" in caplog.text


def test_a_verification_is_of_these_weights_and_this_window_only(card, store):
    examined(card, store)
    other = card.model_copy(update={"tile": 64})
    here, there = ({way.backend: way for way in ways(one, "cpu", store)} for one in (card, other))

    assert store.find(here["torch-fp32"].fingerprint()).verification.passed
    with pytest.raises(UnusableError, match=r"there is one for window \(1, 1, 48, 48\)"):
        store.find(there["torch-fp32"].fingerprint())


def test_damaged_weights_are_refused_by_name(card, store, tmp_path):
    damaged = card.model_copy(update={"folder": tmp_path})
    content = bytearray(card.weights.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.weights.write_bytes(content)

    with pytest.raises(CardError, match=r"weights.onnx: sha256 is"):
        examined(damaged, store)


def test_tiles_go_from_the_liveliest_to_the_plainest(card):
    flat = np.full((100, 100), 0.5, np.float32)
    ramp = np.tile(np.linspace(0, 1, 96, dtype=np.float32), (96, 1))
    faint = ramp / 100

    found = tiles([flat, faint, ramp], card, 3)

    assert [batch.shape for batch in found] == [(1, 1, 48, 48)] * 3
    spreads = [float(batch.std()) for batch in found]
    assert spreads == sorted(spreads, reverse=True)
    assert 0 < spreads[-1] < 0.01


def test_an_image_smaller_than_a_window_is_mirrored(card):
    small = np.random.default_rng(0).random((20, 30), np.float32)

    (found,) = tiles([small], card, 1)

    assert found.shape == (1, 1, 48, 48)
    assert (found[0, 0, 20:40, :30] == small[::-1]).all()


def test_an_unknown_device_is_named(card, store):
    with pytest.raises(UnusableError, match="no device 'tpu' here; there is auto and cpu"):
        list(ways(card, "tpu", store))


class Dumb:
    """Answers with no number."""

    def __init__(self, card, backend):
        self.card, self.backend = card, backend

    def __call__(self, _):
        return np.full((1, 1, 64, 64), np.nan, np.float32)

    def close(self):
        pass


def test_what_answers_with_no_number_is_not_served_afterwards(card, store):
    plain = card.model_copy(update={"precisions": ("fp32",)})
    way = next(ways(plain, "cpu", store))
    found = compare(Dumb(plain, way.backend), open_reference(plain), [probe(plain)])
    noted = Manifest(fingerprint=way.fingerprint(), built_at=NOON, built_by="a test", seconds=0)
    store.note(noted.verified(found, Circumstances()))

    engine = open_engine(plain, "cpu", store)

    assert way.backend == "openvino-fp32"
    assert "strays by inf" in found.reason
    assert engine.backend == "onnxruntime-fp32"
