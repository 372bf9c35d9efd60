"""What batches are made of, course by course: what a recipe says besides its plan."""

from typing import Literal

from pydantic import Field

from engines.training.plan import Record


class Patches(Record):
    """What a batch is made of.

    Patches of `side` x `side` pixels of low resolution: `pictures` natural ones, `breasts` within
    the breasts on films, and `rims` where these end. The `loss` of natural patches and that of
    films are taken each by itself and added.
    """

    side: int = Field(default=48, ge=8)
    pictures: int = Field(default=8, ge=0)
    breasts: int = Field(default=0, ge=0)
    rims: int = Field(default=0, ge=0)
    loss: Literal["mse", "l1", "psnr"] = "mse"
