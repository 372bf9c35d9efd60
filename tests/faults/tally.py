"""What came of the jobs of a campaign."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

HEADS = ("form", "seed", "jobs", "done", "sent twice", "two UIDs", "lost", "poison", "healed in")


@dataclass(frozen=True)
class Tally:
    """The sum of one run; `poison` counts the poisonous jobs that were parked after 3 crashes."""

    form: str
    seed: int
    jobs: int
    done: int
    twice: int
    """Results that came again under the same UID: harmless, and counted to be seen."""
    doubled: int
    """Sources with results under more than one UID."""
    lost: int
    poison: int
    healed_s: float
    blows: Mapping[str, int] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[str, ...]:
        counts = (self.seed, self.jobs, self.done, self.twice, self.doubled, self.lost, self.poison)
        return self.form, *(str(count) for count in counts), f"{self.healed_s:.1f} s"


def stored(came: Iterable[tuple[str, str]]) -> tuple[dict[str, set[str]], int]:
    """Return the UIDs that came of each source, and how many came again; of (source, UID)."""
    times = Counter(came)
    found: dict[str, set[str]] = {}
    for source, uid in times:
        found.setdefault(source, set()).add(uid)
    return found, sum(count - 1 for count in times.values())


def table(tallies: Iterable[Tally]) -> str:
    """Return the summary as Markdown: a line a run, and what was done to each."""
    runs = list(tallies)
    names = list(dict.fromkeys(name for run in runs for name in run.blows))
    told = [[name, *(str(run.blows.get(name, 0)) for run in runs)] for name in names]
    columns = ["done to it", *(f"{run.form} {run.seed}" for run in runs)]
    return "\n".join([*_rows(HEADS, [run.cells for run in runs]), "", *_rows(columns, told)])


def _rows(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
