"""PSNR and SSIM of every image (Jimenez-Gaona 2024 shows them as scatter plots)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engines.evaluation.table import BICUBIC
from service.cli.evaluate.everything.figures.enlarging import GREY
from service.cli.evaluate.everything.figures.saving import save
from service.cli.evaluate.everything.measures.super_resolution import Enlarged


def scatter(path: Path, title: str, by_scale: Mapping[int, Sequence[Enlarged]]) -> None:
    """Draw PSNR and SSIM of every image, a row a scale."""
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
    """Draw a point for each image and method; a model need not have been judged on all images."""
    base = {
        one.image: getattr(one.scores[BICUBIC], name) for model in models for one in model.images
    }
    order = {image: rank for rank, image in enumerate(sorted(base, key=lambda one: base[one]))}
    place.plot([order[one] for one in base], list(base.values()), "o", color=GREY, markersize=4)
    place.lines[-1].set_label("bicubic")
    for model in models:
        method = model.methods[-1]
        ranks = [order[one.image] for one in model.images]
        values = [getattr(one.scores[method], name) for one in model.images]
        place.plot(ranks, values, "o", markersize=4, label=f"{model.model}, {method}")
    place.grid(alpha=0.3)
