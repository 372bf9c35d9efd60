"""How long, how fast and by what rule to learn: what every recipe says."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Optimiser = Literal["adam", "adamw", "sgd", "rmsprop", "adadelta"]


class Record(BaseModel):
    """A part of a recipe: read once, never changed, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Plan(Record):
    """How to learn.

    `steps` are batches in an epoch; `momentum` is that of SGD and RMSprop, `rho` Adadelta's;
    `averaging` is how much of the moving average of the weights is kept at each step (0: none);
    `patience` is after how many epochs without a better figure to end.
    """

    epochs: int = Field(ge=1)
    steps: int = Field(ge=1)
    rate: float = Field(gt=0)
    last_rate: float = Field(default=1e-6, ge=0)
    schedule: Literal["cosine", "constant"] = "cosine"
    optimiser: Optimiser = "adamw"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    rho: float = Field(default=0.95, gt=0, lt=1)
    epsilon: float | None = Field(default=None, gt=0)
    decay: float = Field(default=1e-4, ge=0)
    averaging: float = Field(default=0.99, ge=0, lt=1)
    largest_gradient: float = Field(default=1.0, gt=0)
    patience: int | None = Field(default=None, ge=1)
    precision: Literal["fp32", "bf16"] = "fp32"
    seed: int = 20240221
    threads: int = Field(default=1, ge=1)
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$")

    def but(self, **changes: object) -> "Plan":
        """Return the plan with `changes`, those that are not None.

        Raises:
            ValueError: it would be no plan.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        return Plan.model_validate({**self.model_dump(), **given})
