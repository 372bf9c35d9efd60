"""All that the README and docs/figures.md claim of speed, one bench after the other.

    make bench                                  about 45 minutes on two idle cores
    make bench ARGS="--quick"                   small and rough, to build/bench
    make bench ARGS="--only studies queue"

What fails does not stop the others; it is named at the end, and in the exit status. What is left
out here are experiments and measures of quality, each of which says how it is run: gradients,
golden, numerics, piqe, replay, viewer.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

from support.results import PROJECT, RESULTS, ROUGH
from support.summary import write_summary


@dataclass(frozen=True, slots=True)
class Bench:
    """A script of this folder, and about how long it takes."""

    name: str
    minutes: float
    options: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)

    @property
    def title(self) -> str:
        """How it is called."""
        return " ".join([f"bench/{self.name}.py", *self.options])


BENCHES = (
    Bench("receive", 7),
    Bench("receive_memory", 1),
    Bench("studies", 10),
    Bench("queue_latency", 4),
    Bench("overview", 2),
    Bench("metrics", 1),
    Bench("idle", 2),
    Bench("soak", 6, quick=("--studies", "20")),
    Bench("pipeline", 1),
    Bench("pipeline", 1, ("--pipeline", "cad")),
    Bench("fsrcnn_full_field", 3),
    Bench("networks", 6),
)


def main() -> int:
    """Run them; return 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", choices=[bench.name for bench in BENCHES])
    asked = parser.parse_args()
    benches = [bench for bench in BENCHES if not asked.only or bench.name in asked.only]
    if not asked.quick:
        total = sum(bench.minutes for bench in benches)
        print(f"{len(benches)} benches, about {total:.0f} minutes on two idle cores", flush=True)
    failed = [bench.title for bench in benches if _run(bench, quick=asked.quick)]
    print(write_summary(ROUGH if asked.quick else RESULTS))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def _run(bench: Bench, *, quick: bool) -> int:
    """Return its exit status."""
    took = "quick" if quick else f"about {bench.minutes:.0f} min"
    print(f"\n== {bench.title}: {took}, begun {time.strftime('%H:%M:%S')}", flush=True)
    script = PROJECT / "bench" / f"{bench.name}.py"
    command = [sys.executable, script, *bench.options, *(bench.quick if quick else ())]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode  # noqa: S603 - our own


if __name__ == "__main__":
    sys.exit(main())
