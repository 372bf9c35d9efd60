"""How long each network takes to open, and to prove itself: `python bench/golden.py`."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from engines.card import Card, CardError
from engines.engine import UnusableError
from engines.golden import golden, prove
from engines.load import open_engine
from engines.plans.store import PlanStore
from engines.shelf import newest
from engines.windowed import as_served
from service.settings import packaged_models

T = TypeVar("T")


def main() -> None:
    """Print a table in Markdown."""
    print("| network | runs on | tile | back end | golden, once, s | open, s | prove, s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        store = PlanStore(Path(folder) / "plans")
        for what, card in cards():
            once, _ = timed(lambda card=card: golden(card, store))
            opening, engine = timed(lambda card=card: open_engine(card, "cpu", store))
            with closing(engine):
                proving, _ = timed(lambda engine=engine: prove(engine, store))
            row = (card.name, what, card.tile, engine.backend)
            seconds = (f"{one:.2f}" for one in (once, opening, proving))
            print("|", " | ".join(map(str, [*row, *seconds])), "|", flush=True)


def cards() -> Iterator[tuple[str, Card]]:
    """Yield the newest cards as they are run: on regions, and on whole images."""
    for _, card in newest((packaged_models(),)):
        if isinstance(card, CardError):
            continue
        try:
            served = as_served(card)
        except UnusableError:
            served = card
        if served is not card:
            yield "regions", card
        yield "images", served


def timed(deed: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that `deed` takes, and what it gives."""
    started = time.perf_counter()
    found = deed()
    return time.perf_counter() - started, found


if __name__ == "__main__":
    main()
