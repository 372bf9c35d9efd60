"""Engines that take turns at the same work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from support.clock import Timing, timed

from engines.engine import Batch, Engine
from engines.verification import Verification, compare

Ways = Mapping[str, Callable[[], object]]
Series = dict[str, list[Timing]]


def race(ways: Ways, rounds: int) -> Series:
    """Return the timings of all ways, taking turns; a first round warms up and does not count."""
    timings: Series = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            timing = timed(way)
            if number:
                timings[name].append(timing)
    return timings


@dataclass(frozen=True, slots=True)
class Contest:
    """Engines by name, the first of which is the reference, and what each has to do.

    `images` and `gflop` (1e9 multiplications and additions) are those of one run, counted on the
    network as published; on `windows` the answers are compared.
    """

    name: str
    unit: str
    engines: Mapping[str, Engine]
    run: Callable[[Engine], object]
    images: int
    gflop: float
    windows: list[Batch]

    def ways(self) -> Ways:
        """Return one run of each engine, by its name."""
        return {
            name: lambda engine=engine: self.run(engine) for name, engine in self.engines.items()
        }

    def verifications(self) -> dict[str, Verification]:
        """Return how far each engine strays from the reference, under its card."""
        reference, *others = self.engines
        return {
            name: compare(self.engines[name], self.engines[reference], self.windows)
            for name in others
        }

    def close(self) -> None:
        """Close all engines."""
        for engine in self.engines.values():
            engine.close()
