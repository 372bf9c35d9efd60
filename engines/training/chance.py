"""Weights of chance that pass signals on: every layer gives what the next is made for."""

import torch
from torch import Tensor, nn

from engines.architectures import Architecture

GRAINS = (1, 2, 4, 8, 16, 32)
"""Sides of the grains, in pixels, of the images that weights are fitted to."""

SIDE = 32
"""Of these images where the network enlarges; others get the side that they are run on."""

SHADES = (0.5, 0.2)
"""Mean and spread of what a network answers that makes images."""

LOGITS = (0.0, 1.0)
"""... and of what one that tells classes gives before its sigmoid or softmax."""

WEIGHTED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def network_of_chance(architecture: Architecture, seed: int) -> nn.Module:
    """Return the network with weights drawn from `seed`, fitted so that no signal dies or grows.

    In one pass over noise each layer with weights is shifted and scaled so that its channels have a
    mean of 0 and together a spread of 1 (after Mishkin 2016, LSUV), and each batch normalisation
    takes the statistics of what it is given.
    """
    torch.manual_seed(seed)
    network = architecture.make().eval()
    fitted: list[nn.Module] = []

    def fit(layer: nn.Module, _: tuple[Tensor], answer: Tensor) -> Tensor:
        means = answer.transpose(0, 1).flatten(1).mean(1)  # by channel
        shift = means if layer.bias is not None else torch.zeros_like(means)
        centred = answer - shift.reshape(1, -1, *[1] * (answer.ndim - 2))
        spread = centred.std()
        _rescale(layer, -shift / spread, 1 / spread)
        fitted.append(layer)
        return centred / spread

    def take_statistics(layer: nn.BatchNorm2d, given: tuple[Tensor]) -> None:
        layer.running_mean.copy_(given[0].mean((0, 2, 3)))
        layer.running_var.copy_(given[0].var((0, 2, 3)))

    hooks = []
    for layer in network.modules():
        if isinstance(layer, WEIGHTED):
            hooks.append(layer.register_forward_hook(fit))
        elif isinstance(layer, nn.BatchNorm2d):
            hooks.append(layer.register_forward_pre_hook(take_statistics))
    with torch.inference_mode():
        network(_noise(architecture))
        middle, spread = SHADES if architecture.task == "super-resolution" else LOGITS
        _rescale(fitted[-1], torch.tensor(middle), torch.tensor(spread))
    for hook in hooks:
        hook.remove()
    return network


def _rescale(layer: nn.Module, shift: Tensor, scale: Tensor) -> None:
    """Let `layer` give `scale` times what it gave, and `shift` more where it has a bias."""
    layer.weight.mul_(scale)
    if layer.bias is not None:
        layer.bias.mul_(scale).add_(shift)


def _noise(architecture: Architecture) -> Tensor:
    """Return images of coarse to fine grain, of any brightness and contrast, in 0..1."""
    side = SIDE if architecture.task == "super-resolution" else architecture.side
    images = []
    for grain in GRAINS:
        grains = torch.rand(1, 1, side // grain, side // grain)
        shapes = nn.functional.interpolate(grains, (side, side), mode="bilinear")
        images.append(shapes * torch.rand(1) + torch.rand(1) / 2)
    return torch.cat(images).clamp(0, 1)
