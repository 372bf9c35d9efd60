"""The ways to run a card: each back end, in each precision, on the devices that are asked for."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from engines.backends.onnxruntime import open_reference
from engines.backends.openvino import open_openvino
from engines.backends.tensorrt.graph import PRECISIONS
from engines.backends.tensorrt.serving import open_tensorrt
from engines.backends.torch import open_torch
from engines.card import Card, Precision
from engines.engine import Engine, UnusableError
from engines.machine import gpu_name, gpus, processor
from engines.plans.manifest import Fingerprint
from engines.plans.store import PlanStore

AUTO, CPU = "auto", "cpu"
GPU = re.compile(r"cuda(?::(\d+))?")

GRAPH = 1
"""Raised when what is made of a model's graph before it is run changes."""


@dataclass(frozen=True, slots=True)
class Way:
    """One back end in one precision on one device, for one card.

    `ordinal` is that of the GPU that it compiles a plan for; it opens only one that passed
    verification. Other ways compile anew each time, or not at all.
    """

    library: str
    precision: Precision
    device: str
    card: Card
    opener: Callable[[], Engine]
    ordinal: int | None = None

    @property
    def backend(self) -> str:
        """What its engine calls itself: ``openvino-bf16``."""
        return f"{self.library}-{self.precision}"

    @property
    def is_exact(self) -> bool:
        """Whether it computes as the reference does, in fp32."""
        return self.precision == "fp32"

    def open(self) -> Engine:
        """Return the engine.

        Raises:
            UnusableError: there is no such way here; the message says why.
        """
        return self.opener()

    def fingerprint(self) -> Fingerprint:
        """Return what a verification of an engine that has no plan holds for.

        Raises:
            UnusableError: the library is not installed.
        """
        try:
            installed = version(self.library)
        except PackageNotFoundError as error:
            raise UnusableError(f"not installed ({error})") from error
        return Fingerprint(
            name=self.card.name,
            version=self.card.version,
            backend=self.backend,
            weights=self.card.sha256,
            window=self.card.window,
            library=f"{self.library} {installed}",
            machine=processor() if self.device == CPU else gpu_name(self.device),
            recipe=f"graph {GRAPH}, halo {self.card.halo}",
        )


def ways(card: Card, device: str, store: PlanStore | None) -> Iterator[Way]:
    """Yield the ways to run `card` on `device`, the one to be preferred first.

    `device` is ``cpu``, ``cuda:0`` or ``auto``: a GPU if there is one, then the CPU.

    Raises:
        UnusableError: that is no kind of device; a device that is not there has no way that opens.
    """
    there = gpus()
    if device == AUTO:
        if there:
            yield from _on_gpu(card, there[0], store)
        yield from _on_cpu(card)
    elif device == CPU:
        yield from _on_cpu(card)
    else:
        yield from _on_gpu(card, device, store)


def ordinal_of(device: str) -> int:
    """Return the number of a GPU that is called ``cuda:1``, or ``cuda`` for the first.

    Raises:
        UnusableError: no GPU is called so.
    """
    found = GPU.fullmatch(device)
    if found is None:
        devices = " and ".join([AUTO, CPU, *gpus()])
        raise UnusableError(f"no device {device!r} here; there is {devices}")
    return int(found[1] or 0)


def _on_cpu(card: Card) -> Iterator[Way]:
    """Yield OpenVINO in the card's precisions, the reference, and PyTorch."""
    for precision in card.precisions:
        yield Way("openvino", precision, CPU, card, partial(open_openvino, card, precision))
    yield Way("onnxruntime", "fp32", CPU, card, partial(open_reference, card))
    yield Way("torch", "fp32", CPU, card, partial(open_torch, card))


def _on_gpu(card: Card, device: str, store: PlanStore | None) -> Iterator[Way]:
    """Yield TensorRT in the card's precisions, then PyTorch."""
    ordinal = ordinal_of(device)
    for precision in card.precisions:
        if store is not None and precision in PRECISIONS:
            opener = partial(open_tensorrt, card, precision, ordinal, store)
            yield Way("tensorrt", precision, device, card, opener, ordinal)
    for precision in card.precisions:
        yield Way("torch", precision, device, card, partial(open_torch, card, precision, device))
