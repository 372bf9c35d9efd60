"""The outlines of the lesions of one image, filled, as a binary Segmentation (PS3.3 A.51)."""

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset
from skimage.draw import polygon

from engines.cad.finding import Points
from engines.card import Card
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Mask
from pipelines.results.codes import BREAST, LEFT_OR_RIGHT, MASS, Code, item_of
from pipelines.results.derived_image import side_of
from pipelines.results.lesions import Lesion
from pipelines.results.provenance import Origin
from pipelines.results.segmentation import Segment, segmented
from pipelines.results.series import Series

LESIONS = Series("lesion-segmentation", 9302, "AI lesion outlines RESEARCH")
ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
SIDES = ("L", "R")
SEGMENTS = "segmentation"
"""The task of a model that says what lies where."""


def lesion_segmentation(lesions: Sequence[Lesion], origin: Origin) -> Dataset:
    """Return `lesions`, one or more, all of the source of `origin`, as one segment each."""
    source = origin.source
    region = breast(source) if text(source, "Modality") == "MG" else None
    segments = [
        Segment(lesion.identifier, lesion.uid, ABNORMAL, MASS, region) for lesion in lesions
    ]
    masks = (filled(lesion.finding.outline, (source.Rows, source.Columns)) for lesion in lesions)
    outcome = [said for lesion in lesions for said in (lesion.identifier, lesion.uid)]
    result = segmented(segments, masks, LESIONS, outcome, origin, segmenter(origin))
    result.ContentLabel = "LESIONS"
    return result


def segmenter(origin: Origin) -> Card:
    """Return the model that drew the outlines: a detector that segments comes before it."""
    return next((one for one in reversed(origin.cards) if one.task == SEGMENTS), origin.card)


def filled(outline: Points, shape: tuple[int, int]) -> Mask:
    """Return the pixels of an image of this shape whose middle the outline encloses."""
    x, y = outline.T
    mask = np.zeros(shape, np.bool_)
    mask[polygon(y - 0.5, x - 0.5, shape)] = True
    return mask


def breast(source: Dataset) -> Dataset:
    """Return the item for the breast, the left or the right one where `source` says which."""
    region, side = item_of(BREAST), side_of(source)
    if side in SIDES:
        region.AnatomicRegionModifierSequence = [item_of(LEFT_OR_RIGHT[side])]
    return region
