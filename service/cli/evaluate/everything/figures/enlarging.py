"""Pictures of how images are enlarged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from engines.images import Grey
from service.cli.evaluate.everything.figures.saving import save

GREY = "0.55"
"""Of what the networks are compared with."""


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
