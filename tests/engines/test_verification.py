import numpy as np
import pytest
from networks_of_chance import shelve

from engines.backends.onnxruntime import open_reference
from engines.card import Label, Tolerance
from engines.engine import AnswerError
from engines.probe import probe
from engines.verification import compare, intolerable


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return shelve(tmp_path_factory.mktemp("models"))


class Astray:
    """Answers as another engine does, and strays from it."""

    def __init__(self, engine, card, stray):
        self.card, self.backend = card, "astray"
        self._engine, self._stray = engine, stray

    def __call__(self, batch):
        return self._stray(self._engine(batch))


def of_task(card, task, **tolerance):
    allowed = card.tolerance.model_copy(update=tolerance)
    labels = (Label(name="lesion"), Label(name="other"))
    return card.model_copy(update={"task": task, "tolerance": allowed, "labels": labels})


def compared(card, stray):
    reference = open_reference(card)
    return compare(Astray(reference, card, stray), reference, [probe(card), 1 - probe(card)])


def test_what_answers_the_same_passes(card):
    found = compared(card, lambda answer: answer)

    assert found.passed
    assert (found.maximum, found.root_mean_square, found.windows) == (0, 0, 2)
    assert found.against == "onnxruntime-fp32"


def test_straying_is_told_in_numbers(card):
    found = compared(card, lambda answer: answer + np.float32(0.05))

    assert not found.passed
    assert found.reason == "strays by 0.05 rms, 0.02 is tolerated"
    assert found.psnr == pytest.approx(-20 * np.log10(0.05), abs=0.01)


def test_one_value_far_off_is_enough(card):
    def stray(answer):
        changed = answer.copy()
        changed[0, 0, 3, 3] += 0.5
        return changed

    assert compared(card, stray).reason == "strays by 0.5, 0.1 is tolerated"


def test_no_number_is_no_answer(card):
    def stray(answer):
        changed = answer.copy()
        changed[0, 0, 0, 0] = np.nan
        return changed

    assert "strays by inf" in compared(card, stray).reason


def test_the_psnr_that_a_card_wants_is_held(card):
    strict = of_task(card, "super-resolution", psnr=60)

    assert "PSNR is 50.0 dB, 60.0 is wanted" in compared(strict, lambda one: one + 10**-2.5).reason


def test_pixels_that_change_their_class_are_counted(card):
    strict = of_task(card, "segmentation", maximum=9, root_mean_square=9, agreement=0.99)

    found = compared(strict, lambda answer: 1 - answer)

    assert found.agreement < 0.1
    assert "get the same class, 99.00% must" in found.reason


def test_an_image_is_of_its_most_probable_class(card):
    batch = np.zeros((4, 1, 8, 8), np.float32)
    wanted = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.4, 0.6]], np.float32)
    given = np.array([[0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.3, 0.7]], np.float32)
    strict = of_task(card, "classification", maximum=1, root_mean_square=1, agreement=0.8)

    found = compare(
        Astray(lambda _: given, strict, lambda one: one),
        Astray(lambda _: wanted, strict, lambda one: one),
        [batch],
    )

    assert found.agreement == 0.75
    assert not found.passed


def test_answers_of_another_shape_are_no_answers(card):
    with pytest.raises(AnswerError, match=r"answers \(1, 1, 64, 63\)"):
        compared(card, lambda answer: answer[..., :-1])


def test_nothing_compared_is_nothing_passed(card):
    reference = open_reference(card)

    assert compare(reference, reference, []).reason == "nothing was compared"


def test_a_card_may_become_stricter_than_it_was_verified_for(card):
    found = compared(card, lambda answer: answer + np.float32(0.001))
    strict = card.model_copy(
        update={"tolerance": Tolerance(maximum=0.0001, root_mean_square=0.0001)}
    )

    assert intolerable(found, card) is None
    assert "is tolerated" in intolerable(found, strict)
