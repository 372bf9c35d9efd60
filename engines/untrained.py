"""Networks with weights of chance, to build, verify and time what has not been trained yet.

Such a model lies on no shelf, so no route can name it. Its weights pass signals on undiminished, as
trained ones do: what a back end gets wrong shows in the answer.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

from engines.architectures import Architecture
from engines.card import (
    Card,
    CardError,
    Input,
    Label,
    Precision,
    Tolerance,
    Training,
    read_card,
    write_card,
)
from engines.shelf import verify

SEED = 2024
VERSION = f"chance-{SEED}-2"
"""Raised when the weights are drawn or fitted in another way."""
WEIGHTS = "weights.onnx"
MAKING = ".making-"
"""How folders begin in which a network is being made."""

HALOS = {"fsrcnn-x2": 8}
"""Of those that are run on whole images; the others are run on whole regions."""

PRECISIONS: dict[str, tuple[Precision, ...]] = {"segnet": ("fp32",)}
"""Of those that do not bear all: with weights of chance, SegNet's maxima are often so close that
rounding decides where they are put back (docs/numerics.md)."""

TOLERANCES = {
    "super-resolution": Tolerance(maximum=0.1, root_mean_square=0.01, psnr=40),
    "segmentation": Tolerance(maximum=0.25, root_mean_square=0.02, agreement=0.98),
    "classification": Tolerance(maximum=0.05, root_mean_square=0.025, agreement=0.85),
}

NONE = Training(data="none: weights of chance", licence="Apache-2.0", recipe="none", command="none")


def untrained_card(architecture: Architecture, folder: Path) -> Card:
    """Return the card of that network with weights of chance, made in `folder` if not there yet.

    The same architecture has the same weights every time on one machine.

    Raises:
        CardError: PyTorch, which makes them, is not installed, or `folder` cannot be written to.
    """
    there = folder / architecture.name / VERSION
    with suppress(CardError):
        card = read_card(there)
        verify(card)
        return card
    try:
        return _made(architecture, there)
    except ImportError as error:
        reason = f"weights of chance need senoscope[train]: {error}"
        raise CardError(f"{architecture.name}: {reason}") from error
    except OSError as error:
        raise CardError(f"{there}: {error.strerror}") from error


def _made(architecture: Architecture, there: Path) -> Card:
    """Write weights and card, and put both in place at once."""
    from engines.compile.export import rewritten  # noqa: PLC0415 - PyTorch is an extra
    from engines.training.chance import network_of_chance  # noqa: PLC0415

    there.parent.mkdir(parents=True, exist_ok=True)
    with _alone(there.parent), TemporaryDirectory(prefix=MAKING, dir=there.parent) as folder:
        making = Path(folder) / there.name
        making.mkdir()
        weights = making / WEIGHTS
        onnx.save_model(rewritten(network_of_chance(architecture, SEED)), weights)
        write_card(_card(architecture, weights))
        shutil.rmtree(there, ignore_errors=True)  # broken, or it would have been taken
        making.rename(there)
    return read_card(there)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody else make anything in `folder`; what others were killed at goes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        flock(descriptor, LOCK_EX)  # the kernel lets go however a process ends
        for left in folder.glob(f"{MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def _card(architecture: Architecture, weights: Path) -> Card:
    return Card(
        folder=weights.parent,
        name=architecture.name,
        version=VERSION,
        summary=f"{architecture.paper}; weights of chance, for tests and timing only.",
        task=architecture.task,
        scale=architecture.scale,
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
        halo=HALOS.get(architecture.name, 0),
        tile=architecture.side,
        grid=architecture.grid,
        labels=tuple(Label(name=name) for name in architecture.labels),
        precisions=PRECISIONS.get(architecture.name, ("bf16", "fp16", "fp32")),
        input=Input(channels=1, range=(0.0, 1.0), normalisation="(v - low) / (high - low)"),
        tolerance=TOLERANCES[architecture.task],
        training=NONE,
    )
