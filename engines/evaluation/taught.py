"""How a network for regions was taught, as far as the file beside its weights says so.

`senoscope train` leaves recipe.toml; beside the weights on a shelf it says what the regions were
that the network knows. Where there is none, its card may say how wide they were; else they are
those of this project's recipes.
"""

import tomllib
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, ValidationError

from engines.card import Card, first_fault
from engines.training.regions import SIDE

FILE = "recipe.toml"

ROOMS = MappingProxyType({"segmentation": 1.5, "classification": 2.0})
"""Sides of regions in longer sides of the mass's box, in this project's recipes."""

NOT_SAID = "not said"


class Taught(BaseModel):
    """What regions a network was taught on.

    `room` is their side in longer sides of the mass's box, `side` at how many pixels a side they
    were shown; `before` names the model that enlarged
    them; `split` is by patients, or leaky: variants of one region on both sides.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    room: float = 0.0
    side: int = SIDE
    before: str = ""
    augmentation: str = NOT_SAID
    split: str = "patients"


def taught(card: Card) -> Taught:
    """Return how a network was taught.

    Raises:
        ValueError: the file beside its weights is no recipe.
    """
    usual = Taught(room=card.input.room or ROOMS.get(card.task, 0.0))
    path = card.folder / FILE
    if not path.exists():
        return usual
    try:
        menu = tomllib.loads(path.read_text(encoding="utf-8")).get("menu", {})
        return Taught.model_validate({"room": usual.room, **menu})
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        raise ValueError(f"{path}: {first_fault(error)}") from error
