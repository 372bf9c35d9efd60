"""Weights that a network starts from: those of another training, or the user's own."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

AVERAGED = "module."
"""What a moving average writes before the names of weights."""

COLOURS = 3


def start(network: nn.Module, path: Path) -> list[str]:
    """Give `network` the weights in `path` that fit; return the names of those it keeps.

    `path` is a checkpoint of a run, whose moving average is taken, or a state_dict, such as
    torchvision's. What is for three channels is summed to one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: none of its weights fit.
    """
    given = _weights(path)
    wanted = network.state_dict()
    found = {name: _grey(given[name], one) for name, one in wanted.items() if name in given}
    fitting = {name: one for name, one in found.items() if one.shape == wanted[name].shape}
    if not fitting:
        raise ValueError(f"{path}: no weights of this network")
    network.load_state_dict(fitting, strict=False)
    return sorted(set(wanted) - set(fitting))


def _weights(path: Path) -> Mapping[str, Tensor]:
    kept = torch.load(path, weights_only=True, map_location="cpu")
    if "average" not in kept:
        return dict(kept.get("state_dict", kept))
    return {
        name.removeprefix(AVERAGED): value
        for name, value in kept["average"].items()
        if name.startswith(AVERAGED)
    }


def _grey(given: Tensor, wanted: Tensor) -> Tensor:
    """Return weights of a convolution of colours as those of one of greys."""
    is_colour = given.ndim == wanted.ndim == 4 and given.shape[1] == COLOURS  # noqa: PLR2004
    return given.sum(1, keepdim=True) if is_colour and wanted.shape[1] == 1 else given
