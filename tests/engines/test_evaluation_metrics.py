"""Every figure that is reported, held to a second implementation."""

import cv2
import numpy as np
import pytest
import torch
import torchmetrics.functional as second
from scipy import stats
from sklearn.calibration import calibration_curve
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from engines.evaluation.judgements import (
    NAMES,
    Judgement,
    calibration,
    confusion,
    established,
    figures,
    quick,
)
from engines.evaluation.overlaps import Overlap, means, overlap
from engines.evaluation.paired import paired, spread
from engines.evaluation.scores import score

BINARY = {"task": "binary"}


def pictures(seed):
    chance = np.random.default_rng(seed)
    wanted = cv2.GaussianBlur(chance.integers(0, 256, (96, 120), np.uint8), (0, 0), 1.5)
    answer = np.clip(wanted + chance.normal(0, 6, wanted.shape), 0, 255).astype(np.uint8)
    return answer, wanted


def said(seed, number=60, digits=2):
    """Return judgements that are right more often than not, two of each patient; some are ties."""
    chance = np.random.default_rng(seed)
    so = chance.random(number) < 0.4
    sure = np.clip(chance.normal(0.35 + 0.3 * so, 0.2), 0, 1).round(digits)
    return [
        Judgement(f"m{n}", f"p{n // 2}", float(p), bool(is_so))
        for n, (p, is_so) in enumerate(zip(sure, so, strict=True))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_psnr_is_that_of_opencv_and_torchmetrics(seed):
    answer, wanted = pictures(seed)

    found = score(answer, wanted, np.ones(wanted.shape, bool)).psnr

    inner = (slice(2, -2), slice(2, -2))
    assert found == pytest.approx(cv2.PSNR(answer[inner], wanted[inner]))
    ours, theirs = (torch.tensor(one[inner].astype(float)) for one in (answer, wanted))
    assert found == pytest.approx(float(peak_signal_noise_ratio(ours, theirs, data_range=255)))


@pytest.mark.parametrize("seed", range(3))
def test_ssim_is_that_of_torchmetrics(seed):
    answer, wanted = pictures(seed)
    area = np.zeros(wanted.shape, bool)
    area[10:-10, 10:-10] = True

    found = score(answer, wanted, area).ssim

    ours, theirs = (torch.tensor(one.astype(float))[None, None] for one in (answer, wanted))
    _, every = structural_similarity_index_measure(
        ours, theirs, gaussian_kernel=True, sigma=1.5, data_range=255.0, return_full_image=True
    )
    assert found == pytest.approx(float(every[0, 0][torch.tensor(area)].mean()), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_overlaps_are_those_of_torchmetrics(seed):
    chance = np.random.default_rng(seed)
    wanted = cv2.blur(chance.random((64, 64)), (9, 9)) > 0.5
    answer = wanted ^ (chance.random((64, 64)) < 0.2)
    counts = chance.random((64, 64)) < 0.9

    found = overlap(answer, wanted, counts)

    given, drawn = torch.tensor(answer[counts]), torch.tensor(wanted[counts])
    assert found.dice == pytest.approx(float(second.f1_score(given, drawn, **BINARY)))
    assert found.iou == pytest.approx(float(second.jaccard_index(given, drawn, **BINARY)))
    assert found.accuracy == pytest.approx(float(second.accuracy(given, drawn, **BINARY)))
    assert found.precision == pytest.approx(float(second.precision(given, drawn, **BINARY)))
    assert found.sensitivity == pytest.approx(float(second.recall(given, drawn, **BINARY)))
    assert found.specificity == pytest.approx(float(second.specificity(given, drawn, **BINARY)))


def test_dice_and_iou_of_one_mask_hold_to_each_other_but_means_do_not():
    wanted = np.zeros((10, 10), bool)
    wanted[:4] = True
    every = np.ones(wanted.shape, bool)
    half = wanted.copy()
    half[2:] = False

    whole, part = (overlap(one, wanted, every) for one in (wanted, half))
    dice, iou, *_ = means([whole, part], ["a", "b"])

    assert part.dice == pytest.approx(2 * part.iou / (1 + part.iou))
    assert (dice.value, iou.value) == (pytest.approx(5 / 6), pytest.approx(3 / 4))
    assert dice.value != pytest.approx(2 * iou.value / (1 + iou.value), abs=1e-3)


def test_a_mask_that_marks_nothing_has_no_precision_and_finds_nothing():
    wanted = np.eye(8, dtype=bool)

    found = overlap(np.zeros((8, 8), bool), wanted, np.ones((8, 8), bool))

    assert found == Overlap(0, 0, 1 - 8 / 64, 0, 0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_drawn_thousands_of_times_is_what_scikit_learn_says(seed):
    judgements = said(seed)

    assert quick(judgements) == pytest.approx(established(judgements))


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_classes_are_those_of_torchmetrics(seed):
    judgements = said(seed, digits=9)  # none at the end of a bin, which is in the one or the other
    sure = torch.tensor([one.probability for one in judgements], dtype=torch.float64)
    so = torch.tensor([int(one.is_malignant) for one in judgements])
    given = (sure >= 0.5).int()
    wanted = {
        "accuracy": second.accuracy(given, so, **BINARY),
        "precision": second.precision(given, so, **BINARY),
        "sensitivity": second.recall(given, so, **BINARY),
        "specificity": second.specificity(given, so, **BINARY),
        "F1": second.f1_score(given, so, **BINARY),
        "AUC": second.auroc(sure, so, **BINARY),
        "Brier": second.mean_squared_error(sure, so.double()),
        "ECE": second.calibration_error(sure, so, n_bins=10, norm="l1", **BINARY),
    }

    found = dict(zip(NAMES, figures(judgements), strict=True))

    for name, value in wanted.items():
        assert found[name].value == pytest.approx(float(value), abs=1e-6), name
        assert found[name].low <= found[name].value <= found[name].high


def test_the_confusion_matrix_and_the_bins_hold_every_region():
    judgements = said(7)

    table, bins = confusion(judgements), calibration(judgements)

    assert table.true_malignant + table.false_benign == sum(one.is_malignant for one in judgements)
    assert table.true_benign + table.false_malignant == sum(not j.is_malignant for j in judgements)
    assert sum(one.number for one in bins) == len(judgements)
    assert [one.said for one in bins] == sorted(one.said for one in bins)
    assert sum(one.number * one.so for one in bins) == pytest.approx(
        sum(one.is_malignant for one in judgements)
    )


def test_the_bins_are_those_of_scikit_learn():
    judgements = said(8)

    bins = calibration(judgements)

    so, sure = calibration_curve(
        [one.is_malignant for one in judgements], [one.probability for one in judgements], n_bins=10
    )
    assert [one.so for one in bins] == pytest.approx(so.tolist())
    assert [one.said for one in bins] == pytest.approx(sure.tolist())


def test_one_class_alone_has_no_figures():
    judgements = [Judgement("m", f"p{n}", 0.3, is_malignant=True) for n in range(4)]

    with pytest.raises(ValueError, match="one class"):
        figures(judgements)


def test_the_paired_tests_are_those_of_their_formulas():
    chance = np.random.default_rng(3)
    before = chance.normal(12, 5, 9)
    after = before - chance.normal(3, 2, 9)

    found = paired(before.tolist(), after.tolist(), [f"p{n}" for n in range(9)])

    differences = after - before
    t = differences.mean() / (differences.std(ddof=1) / 3)
    assert found.t_test == pytest.approx(2 * stats.t.sf(abs(t), 8))
    assert found.wilcoxon == pytest.approx(share_as_far(differences))
    assert found.change.value == pytest.approx(differences.mean())
    assert found.change.low < found.change.value < found.change.high


def share_as_far(differences):
    """Return the share of all signs that rank sums as far from the middle, by trying them all."""
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    signs = (np.arange(2 ** len(ranks))[:, None] >> np.arange(len(ranks))) & 1
    sums, found = signs @ ranks, ranks[differences > 0].sum()
    middle = ranks.sum() / 2
    return float(np.mean(np.abs(sums - middle) >= abs(found - middle)))


def test_what_does_not_change_has_no_p_value():
    found = paired([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], ["a", "b", "c"])

    assert (found.t_test, found.wilcoxon, found.change.value) == (None, None, 0)


def test_what_changes_by_the_same_everywhere_has_none_either_whatever_rounding_does():
    before = [0.1 * n for n in range(9)]

    found = paired(before, [one + 0.3 for one in before], list("abcdefghi"))

    assert (found.t_test, found.wilcoxon) == (None, None)
    assert found.change.value == pytest.approx(0.3)


def test_a_spread_of_one_has_no_deviation_and_of_nothing_is_none():
    assert spread([4.0]).deviation is None
    with pytest.raises(ValueError, match="nothing"):
        spread([])
