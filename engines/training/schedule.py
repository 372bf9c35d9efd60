"""How fast to learn, step by step."""

import math

from engines.training.plan import Plan


def learning_rate(plan: Plan, step: int) -> float:
    """Return the rate at `step`: linear over the first epoch, then a cosine to the last.

    By the schedule `constant` it is the same throughout.
    """
    if plan.schedule == "constant":
        return plan.rate
    if step < plan.steps:
        return plan.rate * (step + 1) / plan.steps
    done = (step - plan.steps) / max(1, plan.steps * (plan.epochs - 1))
    height = (1 + math.cos(math.pi * done)) / 2
    return plan.last_rate + (plan.rate - plan.last_rate) * height
