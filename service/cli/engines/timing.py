"""`senoscope engines bench`: how fast each way to run a model is here."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer

from engines.backends.onnxruntime import BACKEND as REFERENCE
from engines.card import Card
from engines.engine import Batch, Engine, UnusableError
from engines.plans.store import PlanStore
from engines.probe import probe
from engines.ways import Way, ways
from service.cli.engines.selection import All, Broken, Device, Names, selected
from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.errors import RefusedError
from service.settings import load_settings


@dataclass(frozen=True, slots=True)
class Timed:
    """The best of several runs of a batch; `ratio` is to the reference, None where it is not."""

    model: str
    backend: str
    device: str
    windows_per_second: float | None
    milliseconds: float | None
    ratio: float | None
    why: str = ""


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope engines bench fsrcnn-x2",
            "senoscope engines bench unet resnet50 --rounds 10 --json",
        )
    )(bench)


def bench(
    *,
    names: Names = None,
    everyone: All = False,
    device: Device = "auto",
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each back end takes.")] = 5,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Time one batch on every back end, taking turns; the best turn counts, on a shared machine.

    For figures to publish, with GEMM peak and tolerance: make bench-engines.
    """
    settings = load_settings(config)
    store = PlanStore(settings.plans)
    timed: list[Timed] = []
    for model in selected(settings, names or [], everyone=everyone):
        if isinstance(model, Broken):
            raise RefusedError(f"{model.model}: {model.reason}")
        with console.status(f"{model.name} ..."):
            batch = np.repeat(probe(model), model.batch, axis=0)
            timed += _compared(dict(_opened(model, device, store)), batch, rounds)
    if as_json:
        print_json([asdict(one) for one in timed])
    else:
        _print(timed, rounds)
    run = {one.model for one in timed if one.milliseconds is not None}
    if left := [one for one in timed if one.model not in run]:
        told = "; ".join(f"{one.model} {one.backend}: {one.why}" for one in left)
        raise RefusedError(f"nothing to time: {told}")


def _print(timed: list[Timed], rounds: int) -> None:
    print_table(
        f"best of {rounds} batches; ratio to {REFERENCE}",
        ["model", "back end", "windows/s", "ms", "ratio", "why"],
        [_row(one) for one in timed],
    )


def _opened(card: Card, device: str, store: PlanStore) -> Iterator[tuple[Way, Engine | str]]:
    """Yield each way and its engine, or why there is none."""
    for way in ways(card, device, store):
        try:
            yield way, way.open()
        except UnusableError as reason:
            yield way, str(reason)


def _compared(opened: dict[Way, Engine | str], batch: Batch, rounds: int) -> Iterator[Timed]:
    """Yield how fast each engine runs `batch`, having let them take turns."""
    engines = {way: engine for way, engine in opened.items() if not isinstance(engine, str)}
    with ExitStack() as stack:
        for engine in engines.values():
            stack.enter_context(closing(engine))
            engine(batch)  # the first is slow
        turns = [{way: _seconds(one, batch) for way, one in engines.items()} for _ in range(rounds)]
    best = {way: min(turn[way] for turn in turns) for way in engines}
    reference = next((best[way] for way in best if way.backend == REFERENCE), None)
    for way, found in opened.items():
        if way in best:
            ratio = reference / best[way] if reference else None
            rate = len(batch) / best[way]
            yield Timed(way.card.name, way.backend, way.device, rate, 1000 * best[way], ratio)
        else:
            yield Timed(way.card.name, way.backend, way.device, None, None, None, str(found))


def _seconds(engine: Engine, batch: Batch) -> float:
    started = time.perf_counter()
    engine(batch)
    return time.perf_counter() - started


def _row(one: Timed) -> list[str]:
    rate, taken, ratio = (
        "" if value is None else f"{value:.{digits}f}"
        for value, digits in ((one.windows_per_second, 1), (one.milliseconds, 1), (one.ratio, 2))
    )
    return [one.model, one.backend, rate, taken, ratio, one.why]
