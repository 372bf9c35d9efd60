"""Our engines on the CPU."""

from contextlib import suppress

from engines.backends.openvino import open_openvino
from engines.card import Card, Precision
from engines.engine import Engine, UnusableError

OURS: dict[str, Precision] = {"openvino fp32": "fp32", "openvino bf16": "bf16"}


def ours(card: Card) -> dict[str, Engine]:
    """Return OpenVINO in each precision that this CPU has."""
    engines: dict[str, Engine] = {}
    for name, precision in OURS.items():
        with suppress(UnusableError):  # a CPU without bf16 has one contender less
            engines[name] = open_openvino(card, precision)
    return engines
