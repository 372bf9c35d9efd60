"""A network that computes otherwise than the reference is not used, whatever it passed before."""

import json
import urllib.error
import urllib.request

import numpy as np
import pytest
from flipped import Flipped
from networks_of_chance import shelve
from node import Node
from peers.programs import until

from engines.backends.onnxruntime import open_reference
from engines.engine import UnusableError
from engines.golden import MOST_VALUES, WrongAnswerError, golden, prove, sample
from engines.load import open_engine
from engines.plans.store import PlanStore
from engines.shelf import newest
from engines.windowed import as_served
from service.settings import packaged_models


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return shelve(tmp_path_factory.mktemp("models"))


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path / "plans")


def spoilt(store):
    """Let each golden answer be one that no engine gives."""
    for path in store.folder.glob("golden-*.npy"):
        np.save(path, np.load(path) + 1)


def test_an_engine_that_computes_wrongly_is_told_by_how_much(card, store):
    engine = open_reference(card)

    prove(engine, store)
    with pytest.raises(WrongAnswerError, match="computes wrongly: on the probe it strays by"):
        prove(Flipped(engine), store)


def test_the_reference_is_asked_once_for_each_set_of_weights(card, store):
    first = golden(card, store)
    altered = card.model_copy(update={"folder": store.folder})  # no weights are there

    assert (golden(altered, store) == first).all()


def test_no_back_end_is_used_whose_answer_is_not_golden_and_the_log_says_so(card, store, caplog):
    open_engine(card, "cpu", store).close()
    spoilt(store)

    with pytest.raises(UnusableError, match="openvino-fp32 computes wrongly"):
        open_engine(card, "cpu", store)

    told = [one for one in caplog.records if one.levelname == "ERROR"]
    assert any("openvino-fp32 computes wrongly" in one.getMessage() for one in told)


def test_a_golden_answer_that_cannot_be_read_is_computed_anew(card, store):
    wanted = golden(card, store)
    (path,) = store.folder.glob("golden-*.npy")
    path.write_bytes(b"cut off")

    assert (golden(card, store) == wanted).all()
    assert np.load(path).shape == wanted.shape


def test_of_a_large_answer_enough_is_kept_and_not_more():
    assert sample(np.zeros((1, 2, 8, 8), np.float32)).shape == (1, 2, 8, 8)
    assert MOST_VALUES / 4 < sample(np.zeros((1, 1, 1000, 900), np.float32)).size <= MOST_VALUES


def test_a_node_whose_device_computes_wrongly_is_not_ready_and_says_why(tmp_path, storescp):
    store = PlanStore(tmp_path / "data" / "plans")
    cards = dict(newest((packaged_models(),)))
    golden(as_served(cards["fsrcnn-x2"]), store)
    spoilt(store)
    node = Node(tmp_path, storescp.port)
    node.start()

    try:
        until(lambda: "computes wrongly" in readyz(node), 60, why=node.log.read_text)
    finally:
        node.stop()

    assert '"level": "error"' in node.log.read_text()
    assert "openvino-fp32 computes wrongly: on the probe it strays by" in node.log.read_text()


def readyz(node):
    """Return what the node says of its workers while it is not ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{node.http_port}/readyz", timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        checks = {one["name"]: one for one in json.loads(error.read())["checks"]}
        return "" if checks["worker"]["ok"] else checks["worker"]["detail"]
    except OSError:
        return ""
