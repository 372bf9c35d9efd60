"""What whoever imports a network says of it, and what is found when it is tried."""

from typing import Literal

from pydantic import Field

from engines.card import Record, Task

Layout = Literal["nchw", "nhwc", "nhw", "flat"]
Activation = Literal["none", "softmax", "sigmoid"]


class Wish(Record):
    """How a network is to be understood; None and "" are for the file itself to say.

    `black_white` is what the network takes black and white as; `labels` how many there are; `tile`
    and `halo` are in pixels of the input. The answer of a network that enlarges is in the units of
    its input.
    """

    task: Task
    labels: int = 0
    output: str = ""
    layout: Layout | None = None
    black_white: tuple[float, float] = (0.0, 1.0)
    activation: Activation = "none"
    scale: int | None = Field(default=None, ge=2, le=4)
    tile: int | None = Field(default=None, ge=1, le=8192)
    halo: int | None = Field(default=None, ge=0)


class Found(Record):
    """What a network is like, as the shelf will have it.

    `lowest` and `highest` are of its answer to a picture of chance, which took `seconds`.
    """

    scale: int
    tile: int
    halo: int
    grid: int
    lowest: float
    highest: float
    seconds: float
