"""How well masks agree with those drawn by hand, image by image (Jimenez-Gaona 2024, Table 6)."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
)

from engines.evaluation.agreement import Mask
from engines.evaluation.bootstrap import Interval, intervals


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of one mask: Dice, IoU, and shares of pixels, 0..1.

    `precision` is of what was marked, `sensitivity` of what was drawn, `specificity` of the rest.
    """

    dice: float
    iou: float
    accuracy: float
    precision: float
    sensitivity: float
    specificity: float


NAMES = tuple(field.name for field in fields(Overlap))


def overlap(answer: Mask, wanted: Mask, counts: Mask) -> Overlap:
    """Return how `answer` agrees with `wanted` where `counts` says so.

    What has nothing to be a share of is 0: precision where nothing was marked, for one.
    """
    given, drawn = answer[counts], wanted[counts]
    return Overlap(
        dice=float(f1_score(drawn, given, zero_division=0)),
        iou=float(jaccard_score(drawn, given, zero_division=0)),
        accuracy=float(accuracy_score(drawn, given)),
        precision=float(precision_score(drawn, given, zero_division=0)),
        sensitivity=float(recall_score(drawn, given, zero_division=0)),
        specificity=float(recall_score(drawn, given, pos_label=False, zero_division=0)),
    )


def means(overlaps: Sequence[Overlap], patients: Sequence[str]) -> list[Interval]:
    """Return the mean over images of each figure in the order of `NAMES`, with its interval."""
    rows = [np.array(astuple(one)) for one in overlaps]
    return intervals(rows, patients, lambda drawn: np.mean(drawn, axis=0).tolist())
