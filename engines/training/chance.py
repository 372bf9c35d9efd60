"""Weights of chance that pass signals on: every layer gives what the next is made for."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engines.architectures import Architecture
from engines.card import Task

GRAINS = (1, 2, 4, 8, 16, 32)
"""Sides of the grains, in pixels, that the images are made of to which weights are fitted."""

SIDE, IMAGES = 32, 12
"""Of these images where the network enlarges; other networks get the side they are run on."""

CONTRAST = 0.3

SMOOTHNESS = 0.5
"""Share of each kernel that is its mean: trained kernels are smooth, and noise is not."""

RESIDUAL = 0.2
"""What a block adds to its input, of what it would: trained blocks add little (Goyal 2017, 5.1)."""

LIFT = 0.5
"""What batch normalisation adds, so that ReLUs pass more than half of what they are given."""

SPREADS: Mapping[Task, tuple[float, float]] = {
    "super-resolution": (0.5, 0.2),
    "segmentation": (0.0, 1.0),
    "classification": (0.0, 0.5),
}
"""Mean and spread of what a network gives: shades, or what its sigmoid or softmax is given."""

WEIGHTED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def network_of_chance(architecture: Architecture, seed: int) -> nn.Module:
    """Return the network with weights drawn from `seed`, fitted so that no signal dies or grows.

    In one pass over noise each layer with weights is shifted and scaled so that its channels have a
    mean of 0 and together a spread of 1 (after Mishkin 2016, LSUV), and each batch normalisation
    takes the statistics of what it is given.
    """
    torch.manual_seed(seed)
    network = _calmed(architecture.make().eval())
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
        middle, spread = SPREADS[architecture.task]
        _rescale(fitted[-1], torch.tensor(middle), torch.tensor(spread))
    for hook in hooks:
        hook.remove()
    return network


def _rescale(layer: nn.Module, shift: Tensor, scale: Tensor) -> None:
    """Let `layer` give `scale` times what it gave, and `shift` more where it has a bias."""
    layer.weight.mul_(scale)
    if layer.bias is not None:
        layer.bias.mul_(scale).add_(shift)


def _calmed(network: nn.Module) -> nn.Module:
    """Return `network` made less of a chaos: what it is given little else, it answers little else.

    Networks with batch normalisation have it add; residual blocks add less; others have smooth
    kernels.
    """
    norms = {name: one for name, one in network.named_modules() if isinstance(one, nn.BatchNorm2d)}
    for name, norm in norms.items():
        nn.init.constant_(norm.bias, LIFT)
        if name.endswith("bn3"):  # the last of a residual block
            nn.init.constant_(norm.weight, RESIDUAL)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and not norms:
            _smooth(layer.weight)
    return network


def _smooth(kernels: Tensor) -> None:
    """Mix each kernel with its mean, which is scaled to the spread that the kernel had."""
    with torch.no_grad():
        flat = kernels.mean((2, 3), keepdim=True) * kernels.shape[-1]
        kernels.mul_(1 - SMOOTHNESS).add_(flat, alpha=SMOOTHNESS)


def _noise(architecture: Architecture) -> Tensor:
    """Return images with shapes from coarse to fine, the coarse ones strongest, in 0..1."""
    side = SIDE if architecture.task == "super-resolution" else architecture.side
    images = []
    for _ in range(IMAGES):
        image = sum(grain * _grains(side, grain) for grain in GRAINS)
        contrast = CONTRAST * torch.rand(1)
        images.append(torch.rand(1) + contrast * image / image.std())
    return torch.cat(images).clamp(0, 1)


def _grains(side: int, grain: int) -> Tensor:
    centred = torch.rand(1, 1, side // grain, side // grain) - 0.5
    return nn.functional.interpolate(centred, (side, side), mode="bilinear")
