"""Pictures of how images are enlarged."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engines.evaluation.table import BICUBIC
from engines.images import Grey
from service.cli.evaluate.everything.figures.saving import save
from service.cli.evaluate.everything.measures.super_resolution import Enlarged

GREY = "0.55"
"""Of what the networks are compared with."""


def scatter(path: Path, title: str, by_scale: Mapping[int, Sequence[Enlarged]]) -> None:
    """Draw PSNR and SSIM of every image, a row a scale, as Jimenez-Gaona 2024 shows them."""
    figure = Figure(figsize=(11, 0.6 + 3.0 * len(by_scale)), layout="constrained")
    figure.suptitle(title)
    places = figure.subplots(len(by_scale), 2, squeeze=False)
    for (quality, likeness), (scale, models) in zip(places, by_scale.items(), strict=True):
        for place, name in ((quality, "psnr"), (likeness, "ssim")):
            _points(place, models, name)
            place.set_xlabel(f"image (x{scale}), in the order of bicubic's")
            place.xaxis.set_major_locator(MaxNLocator(integer=True))
        quality.set_ylabel("PSNR, dB")
        likeness.set_ylabel("SSIM")
        likeness.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, path)


def _points(place: Axes, models: Sequence[Enlarged], name: str) -> None:
    base = np.array([getattr(one.scores[BICUBIC], name) for one in models[0].images])
    order = np.argsort(base)
    place.plot(base[order], "o", color=GREY, markersize=4, label="bicubic")
    for model in models:
        for method in model.methods[-1:]:
            values = np.array([getattr(one.scores[method], name) for one in model.images])
            place.plot(values[order], "o", markersize=4, label=f"{model.model}, {method}")
    place.grid(alpha=0.3)


def crops(path: Path, title: str, rows: Sequence[tuple[str, Sequence[tuple[str, Grey]]]]) -> None:
    """Draw rows of pictures of one place, each with what it is above it; a row has its name.

    All of a row share the grey scale of its last, which is the original.
    """
    widest = max(len(pictures) for _, pictures in rows)
    figure = Figure(figsize=(2.3 * widest + 0.4, 2.6 * len(rows) + 0.5), layout="constrained")
    figure.suptitle(title)
    places = figure.subplots(len(rows), widest, squeeze=False)
    for line, (name, pictures) in zip(places, rows, strict=True):
        low, high = np.percentile(pictures[-1][1], (0.5, 99.5))
        for place in line:
            place.set_axis_off()
        for place, (said, picture) in zip(line, pictures, strict=False):
            place.set_axis_on()
            place.imshow(picture, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            place.set_title(said, fontsize="small")
            place.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, fontsize="small")
    save(figure, path)
