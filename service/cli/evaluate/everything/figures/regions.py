"""Pictures of how regions are outlined and judged."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score, roc_curve

from engines.cad.window import Mask, Shades
from engines.evaluation.judgements import Judgement, arrays, calibration
from service.cli.evaluate.everything.figures.enlarging import GREY
from service.cli.evaluate.everything.figures.saving import save

LINE = "#ffb000"

HALF = 0.5


def masks(path: Path, title: str, rows: Sequence[tuple[str, Shades, Mapping[str, Mask]]]) -> None:
    """Draw regions, each with masks of it: original, by hand, automatic (Jimenez-Gaona 2024).

    A row is a region: its name, the picture, and its masks, of which the first was drawn by hand;
    that one's outline lies over the others.
    """
    widest = 1 + max(len(drawn) for _, _, drawn in rows)
    figure = Figure(figsize=(2.2 * widest + 0.4, 2.45 * len(rows) + 0.6), layout="constrained")
    figure.suptitle(title)
    places = figure.subplots(len(rows), widest, squeeze=False)
    for line, (name, picture, drawn) in zip(places, rows, strict=True):
        line[0].imshow(picture, cmap="gray", vmin=0, vmax=1)
        line[0].set_title("original", fontsize="small")
        line[0].set_ylabel(name, fontsize="small")
        wanted = next(iter(drawn.values()))
        for place, (said, mask) in zip(line[1:], drawn.items(), strict=False):
            place.imshow(mask, cmap="gray", vmin=0, vmax=1)
            place.contour(wanted, [HALF], colors=[LINE], linewidths=1)
            place.set_title(said, fontsize="small")
        for place in line:
            place.set(xticks=[], yticks=[])
    save(figure, path)


def judged(path: Path, title: str, curves: Mapping[str, Sequence[Judgement]]) -> None:
    """Draw the ROC curve and the reliability of what was said, one line a name."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    figure.suptitle(title)
    roc, reliability = figure.subplots(1, 2)
    for name, judgements in curves.items():
        said, so = arrays(judgements)
        missed, hit, _ = roc_curve(so, said)
        roc.plot(missed, hit, label=f"{name}, AUC {roc_auc_score(so, said):.3f}", alpha=0.8)
        bins = calibration(judgements)
        sizes = 15 + 3 * np.array([one.number for one in bins])
        (line,) = reliability.plot([one.said for one in bins], [one.so for one in bins], label=name)
        colour = line.get_color()
        reliability.scatter(
            [one.said for one in bins], [one.so for one in bins], s=sizes, color=colour, alpha=0.5
        )
    for place in (roc, reliability):
        place.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1)
        _square(place)
    roc.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC")
    axis = "probability that was said (mean of each bin; the larger a disc, the more masses)"
    reliability.set(xlabel=axis, ylabel="share that is malignant", title="reliability")
    reliability.xaxis.label.set_fontsize("small")
    roc.legend(fontsize="small", loc="lower right")
    reliability.legend(fontsize="small", loc="upper left")
    save(figure, path)


def _square(place: Axes) -> None:
    place.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    place.grid(alpha=0.3)
