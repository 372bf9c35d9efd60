"""What bf16 and fp16 cost each network in precision, in values of 12, 14 and 16 bits.

    python bench/numerics.py [--networks unet segnet] [--tiles 3] [--data ../shared/data]

Tiles of phantoms and, where the data is, of films go through each back end and through ONNX Runtime
in fp32; small networks also go through PyTorch in fp64, which tells what fp32 itself costs. Results
go to bench/results/numerics.md.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from support.pooling import moved

from engines.architectures import ARCHITECTURES, Architecture
from engines.backends.onnxruntime import open_reference
from engines.backends.openvino import open_openvino
from engines.backends.torch import open_torch
from engines.backends.torch.reading import program
from engines.backends.trim import trimmed
from engines.card import Card
from engines.compile.half import half
from engines.engine import Batch, Engine, UnusableError
from engines.evaluation.tiles import Shades, tiles
from engines.images import read_luma
from engines.machine import processor
from engines.shelf import find_card
from engines.untrained import untrained_card
from engines.verification import decisions
from pipelines.phantom import phantom

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SENOSCOPE_DATA", ROOT / "../shared/data"))  # noqa: TID251 - the lab's
FILMS = ("mdb007", "mdb012", "mdb022")
SEEDS = (1, 2)
BITS = (12, 14, 16)
TOPS = [2**bits - 1 for bits in BITS]

LARGE = 20_000_000
"""Parameters above which networks that enlarge are run on few small windows, and not in fp64."""
LARGE_SIDE, LARGE_TILES = 32, 2

LIBRARIES = ("onnxruntime", "openvino", "torch", "onnx", "numpy")
REFERENCE = "onnxruntime fp32"


@dataclass(frozen=True, slots=True)
class Strays:
    """How far answers lay from what they should be, summed up over tiles."""

    values: int = 0
    squares: float = 0.0
    maximum: float = 0.0
    power: float = 0.0
    wrong: tuple[int, ...] = (0,) * len(BITS)
    judged: int = 0
    agreed: int = 0

    def beside(self, answer: Batch, wanted: NDArray[np.floating], card: Card) -> Self:
        """Return the sums with one more tile: `power` is of what varies within it."""
        errors = np.abs(answer.astype(np.float64) - wanted)
        same = decisions(answer, card) == decisions(wanted.astype(np.float32), card)
        off = [int((errors * top > 1 / 2).sum()) for top in TOPS]
        return type(self)(
            self.values + errors.size,
            self.squares + float(np.square(errors).sum()),
            max(self.maximum, float(errors.max())),
            self.power + float(np.square(wanted - wanted.mean(dtype=np.float64)).sum()),
            tuple(np.add(self.wrong, off).tolist()),
            self.judged + same.size,
            self.agreed + int(same.sum()),
        )

    @property
    def mean(self) -> float:
        """The root of the mean square."""
        return float(np.sqrt(self.squares / self.values))

    def snr(self) -> str:
        """Return how much more varies within a tile than is wrong, in dB."""
        return decibels(self.power, self.squares)

    def picture_cells(self) -> list[str]:
        """Return a row of the table of a network that makes images."""
        return [
            decibels(1.0, self.squares / self.values),
            self.snr(),
            *(f"{short(self.maximum * top)} / {short(self.mean * top)}" for top in TOPS),
            " / ".join(f"{wrong / self.values:.1%}" for wrong in self.wrong),
        ]

    def class_cells(self, before: Self) -> list[str]:
        """Return a row of the table of one that tells classes; `before` is of what it squashes."""
        share = self.agreed / self.judged
        return [before.snr(), short(self.maximum), short(self.mean), f"{share:.2%}"]


PICTURE_HEADS = [
    "",
    "PSNR, dB",
    "SNR, dB",
    *(f"{bits} bits: max / rms" for bits in BITS),
    f"off by over half a value at {' / '.join(map(str, BITS))} bits",
]
CLASS_HEADS = ["", "SNR before the last layer, dB", "max", "rms", "same class"]


def short(value: float) -> str:
    """Return a number in three digits, or all those of a whole one."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def decibels(signal: float, noise: float) -> str:
    """Return their ratio in dB."""
    return f"{10 * np.log10(signal / noise):.1f}" if noise and signal else "equal"


def images(data: Path) -> dict[str, list[Shades]]:
    """Return phantoms, and films where there are any, in 0..1."""
    found = {"phantoms": [phantom("LCC", 2048, 1664, seed).pixels for seed in SEEDS]}
    films = [data / "mammo/mias/images" / f"{name}.png" for name in FILMS]
    if all(film.is_file() for film in films):
        found["films"] = [(read_luma(film) / 255).astype(np.float32) for film in films]
    return found


def cards(names: Sequence[str], folder: Path) -> Iterator[tuple[Card, Architecture, str]]:
    """Yield the trained network, then those with weights of chance."""
    trained = find_card(ROOT / "models", "fsrcnn-x2")
    if trained.name in names:
        yield trained, ARCHITECTURES[trained.name], "trained"
    for name in names:
        yield untrained_card(ARCHITECTURES[name], folder), ARCHITECTURES[name], "weights of chance"


def is_large(architecture: Architecture) -> bool:
    """Return whether it computes too much per pixel for many tiles."""
    return architecture.task == "super-resolution" and architecture.parameters > LARGE


def contenders(card: Card, folder: Path) -> Mapping[str, Callable[[], Engine]]:
    """Return how to open what is compared."""
    return {
        "openvino fp32": lambda: open_openvino(card),
        "openvino bf16": lambda: open_openvino(card, "bf16"),
        "torch bf16": lambda: open_torch(card, "bf16"),
        "onnxruntime fp16": lambda: open_reference(halved(card, folder)),
    }


def halved(card: Card, folder: Path) -> Card:
    """Return the card of the same weights as an fp16 graph, written to `folder`."""
    onnx.save_model(half(onnx.load_model(card.weights)), folder / "half.onnx")
    return card.model_copy(update={"folder": folder, "file": "half.onnx"})


def exact(card: Card, windows: Sequence[Batch]) -> list[NDArray[np.float64]]:
    """Return the answers in fp64."""
    made = program(onnx.load_model(card.weights), torch.float64)
    with torch.inference_mode():
        answers = [made(torch.from_numpy(window).double()).numpy() for window in windows]
    return [trimmed(answer, window, card) for answer, window in zip(answers, windows, strict=True)]


def unsquashed(card: Card, folder: Path) -> Card:
    """Return the card of the same weights without the sigmoid or softmax at their end."""
    model = onnx.load_model(card.weights)
    last = model.graph.node.pop()
    if last.op_type not in {"Sigmoid", "Softmax"}:
        raise ValueError(f"{card.name} ends in {last.op_type}, not in a sigmoid or softmax")
    model.graph.node[-1].output[0] = last.output[0]
    onnx.save_model(model, folder / "unsquashed.onnx")
    return card.model_copy(update={"folder": folder, "file": "unsquashed.onnx"})


def measured(card: Card, architecture: Architecture, seen: Sequence[Batch]) -> dict[str, Strays]:
    """Return how far each contender strays from the reference, and that from fp64."""
    found = {}
    with closing(open_reference(card)) as reference:
        wanted = [reference(window) for window in seen]
    if not is_large(architecture):
        found[f"{REFERENCE} against fp64"] = strayed(wanted, exact(card, seen), card)
    with tempfile.TemporaryDirectory() as folder:
        for name, opener in contenders(card, Path(folder)).items():
            try:
                engine = opener()
            except UnusableError as reason:
                say(f"{card.name}: {name}: {reason}")
                continue
            with closing(engine):
                found[name] = strayed(map(engine, seen), wanted, card)
    return found


def rows(card: Card, architecture: Architecture, seen: Sequence[Batch]) -> list[list[str]]:
    """Return the table of one network, heads first."""
    after = measured(card, architecture, seen)
    if card.task == "super-resolution":
        return [PICTURE_HEADS, *([name, *one.picture_cells()] for name, one in after.items())]
    with tempfile.TemporaryDirectory() as folder:
        before = measured(unsquashed(card, Path(folder)), architecture, seen)
    return [CLASS_HEADS, *([name, *one.class_cells(before[name])] for name, one in after.items())]


def strayed(answers: Iterator[Batch] | list, wanted: list, card: Card) -> Strays:
    """Return the sums over all tiles."""
    sums = Strays()
    for answer, one in zip(answers, wanted, strict=True):
        sums = sums.beside(answer, one, card)
    return sums


def section(card: Card, kind: str, table: list[list[str]], seen: Mapping[str, int]) -> str:
    """Return one network's part of the report."""
    windows = " and ".join(f"{number} tiles of {name}" for name, number in seen.items())
    heads, *lines = [f"| {' | '.join(cells)} |" for cells in table]
    return "\n".join(
        [
            f"## {card.name}, {kind}",
            "",
            f"{card.task.capitalize()}; {windows} of {card.tile} x {card.tile}.",
            "",
            heads,
            f"|{' --- |' * len(table[0])}",
            *lines,
            "",
        ]
    )


def pooling(card: Card, seen: Sequence[Batch]) -> Iterator[str]:
    """Yield what becomes of the places that poolings remember, where there are any."""
    for name, dtype in (("bf16", torch.bfloat16), ("fp16", torch.float16)):
        shares = moved(card, seen, dtype)
        if shares:
            told = ", ".join(f"{share:.1%}" for share in shares)
            yield f"Pooling windows whose largest value is elsewhere in torch {name}: {told}.\n"


def head(command: str) -> str:
    """Return what was measured with what, when and how."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"""# bf16 and fp16 against fp32

{time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}; {processor()}; {versions}. `{command}`

Against {REFERENCE}, but where fp64 is named. PSNR is of a range of 1, SNR of what varies within a
tile; what makes images is told in values of so many bits, 0 to 1 being all of them, and what tells
classes in shares of 1. The fp16 graph is the one for TensorRT; where ONNX Runtime has no fp16
kernel on a CPU it computes in fp32 and rounds.
"""


def say(line: str) -> None:
    """Print it at once."""
    print(line, flush=True)


def asked_for() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=ARCHITECTURES, default=list(ARCHITECTURES))
    parser.add_argument("--tiles", type=int, default=3, help="of each kind of image")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results")
    return parser.parse_args()


def main() -> None:
    """Run all networks on all tiles and write down how far they stray."""
    asked = asked_for()
    shown = images(asked.data)
    parts = [head(" ".join(["python", "bench/numerics.py", *sys.argv[1:]]))]
    with tempfile.TemporaryDirectory() as folder:
        for card, architecture, kind in cards(asked.networks, Path(folder)):
            large = is_large(architecture)
            used = card.model_copy(update={"tile": LARGE_SIDE}) if large else card
            number = LARGE_TILES if large else asked.tiles
            chosen = {name: tiles(ones, used, number) for name, ones in shown.items()}
            seen = [window for windows in chosen.values() for window in windows]
            started = time.monotonic()
            table = rows(used, architecture, seen)
            say(f"{card.name}, {kind}: {time.monotonic() - started:.0f} s")
            counts = {name: len(windows) for name, windows in chosen.items()}
            parts.append(section(used, kind, table, counts))
            parts.extend(pooling(used, seen))
    (asked.results / "numerics.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
