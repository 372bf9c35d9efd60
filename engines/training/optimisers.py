"""The rules by which weights are moved, by name."""

from collections.abc import Iterable

import torch
from torch import nn

from engines.training.plan import Plan


def optimiser(plan: Plan, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the plan's optimiser of those weights."""
    common = {"lr": plan.rate, "weight_decay": plan.decay}
    if plan.epsilon is not None and plan.optimiser != "sgd":
        common["eps"] = plan.epsilon
    match plan.optimiser:
        case "adam":
            return torch.optim.Adam(weights, **common)
        case "adamw":
            return torch.optim.AdamW(weights, **common)
        case "sgd":
            return torch.optim.SGD(weights, momentum=plan.momentum, **common)
        case "rmsprop":
            return torch.optim.RMSprop(weights, momentum=plan.momentum, **common)
        case "adadelta":
            return torch.optim.Adadelta(weights, rho=plan.rho, **common)
