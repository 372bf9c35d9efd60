"""Weights that a network starts from: of another training, of the shelf, or the user's own."""

from collections.abc import Mapping
from pathlib import Path

import torch
from onnx import numpy_helper
from torch import Tensor, nn

from engines.compile.storing import read
from engines.compile.subpixel import phases
from engines.networks.resnet import Bottleneck

AVERAGED, ADDED = "module.", "network."
"""What a moving average, and a network whose answer is added to its input, write before names."""

COLOURS = 3

SLIGHT = 1e-3


def start(network: nn.Module, path: Path) -> list[str]:
    """Give `network` the weights in `path` that fit; return the names of those it keeps.

    `path` is a checkpoint of a run, whose moving average is taken; an ONNX file as training writes
    it; or a state_dict, such as torchvision's. What is for three channels is summed to one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: none of its weights fit.
    """
    given = _of_onnx(path, network) if path.suffix == ".onnx" else _of_checkpoint(path)
    wanted = network.state_dict()
    found = {name: _grey(given[name], one) for name, one in wanted.items() if name in given}
    fitting = {name: one for name, one in found.items() if one.shape == wanted[name].shape}
    if not fitting:
        raise ValueError(f"{path}: no weights of this network")
    network.load_state_dict(fitting, strict=False)
    return sorted(set(wanted) - set(fitting))


def is_of_residual(path: Path) -> bool:
    """Return whether the weights in `path` are of a network whose answer is added to its input."""
    if path.suffix == ".onnx":
        return any(one.name.startswith(ADDED) for one in read(path).graph.initializer)
    kept = torch.load(path, weights_only=True, map_location="cpu")
    return any(name.startswith(AVERAGED + ADDED) for name in kept.get("average", ()))


def forget_last(network: nn.Module) -> None:
    """Let the last layer with weights of `network` answer hardly anything."""
    last = [one for one in network.modules() if isinstance(one, nn.Conv2d | nn.ConvTranspose2d)][-1]
    nn.init.normal_(last.weight, std=SLIGHT)
    nn.init.zeros_(last.bias)


def silence_branches(network: nn.Module) -> None:
    """Let each residual block of a ResNet answer its input alone at first (Goyal 2017, 5.1)."""
    for block in network.modules():
        if isinstance(block, Bottleneck):
            nn.init.zeros_(block.bn3.weight)


def _of_checkpoint(path: Path) -> Mapping[str, Tensor]:
    kept = torch.load(path, weights_only=True, map_location="cpu")
    if "average" not in kept:
        return dict(kept.get("state_dict", kept))
    return {
        name.removeprefix(AVERAGED).removeprefix(ADDED): value
        for name, value in kept["average"].items()
        if name.startswith(AVERAGED)
    }


def _of_onnx(path: Path, network: nn.Module) -> Mapping[str, Tensor]:
    """Return the weights of a graph by the names that `network` has for them.

    Graphs name their weights alike, or at least have them in the same order.
    """
    tensors = {
        one.name.removeprefix(ADDED): torch.from_numpy(numpy_helper.to_array(one).copy()).float()
        for one in read(path).graph.initializer
    }
    wanted = network.state_dict()
    if len(tensors) == len(wanted) and not wanted.keys() & tensors.keys():
        tensors = dict(zip(wanted, tensors.values(), strict=True))
    strides = {
        f"{name}.": layer.stride[0]
        for name, layer in network.named_modules()
        if isinstance(layer, nn.ConvTranspose2d)
    }
    found = {}
    for name, one in tensors.items():
        layer, _, end = name.rpartition(".")
        stride = strides.get(f"{layer}.", 1)
        if name not in wanted:
            continue
        if stride > 1 and one.shape != wanted[name].shape:
            padding = network.get_submodule(layer).padding[0]
            found[name] = (
                one[:: stride * stride]
                if end == "bias"
                else _deconvolution(one, wanted[name], stride, padding)
            )
        elif one.numel() == wanted[name].numel():
            found[name] = one.reshape(wanted[name].shape)
    return found


def _deconvolution(kernel: Tensor, like: Tensor, stride: int, padding: int) -> Tensor:
    """Return the deconvolution that `phases` makes the convolution `kernel` of."""
    places = phases(torch.arange(1.0, like.numel() + 1).reshape(like.shape), stride, padding).weight
    if places.shape != kernel.shape:
        return kernel
    made, there = torch.zeros(like.numel()), places > 0
    made[places[there].long() - 1] = kernel[there]
    return made.reshape(like.shape)


def _grey(given: Tensor, wanted: Tensor) -> Tensor:
    """Return weights of a convolution of colours as those of one of greys."""
    is_colour = given.ndim == wanted.ndim == 4 and given.shape[1] == COLOURS  # noqa: PLR2004
    return given.sum(1, keepdim=True) if is_colour and wanted.shape[1] == 1 else given
