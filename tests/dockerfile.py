"""A Dockerfile, read as far as ours goes: its stages, and the instructions of each."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """An instruction and what it is told, such as RUN and a command."""

    instruction: str
    told: str

    @property
    def words(self) -> list[str]:
        """Return what it is told as words, without its own options."""
        return [word for word in shlex.split(self.told) if not word.startswith("--")]

    @property
    def command(self) -> str:
        """Return the command of a RUN, without what mounts it asks for."""
        return re.sub(r"^(--\S+\s+)+", "", self.told)

    @property
    def source_stage(self) -> str:
        """Return the stage that a COPY takes from; empty where it takes from the project."""
        found = re.search(r"--from=(\S+)", self.told)
        return found[1] if found else ""


def stages(dockerfile: Path) -> dict[str, list[Step]]:
    """Return the steps of each stage by its name, the FROM first."""
    found: dict[str, list[Step]] = {}
    for step in _steps(dockerfile.read_text()):
        if step.instruction == "FROM":
            current = found.setdefault(step.told.rpartition(" ")[2], [])
        current.append(step)
    return found


def _steps(text: str) -> Iterator[Step]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        instruction, _, told = line.strip().partition(" ")
        if instruction:
            yield Step(instruction, re.sub(r"\s+", " ", told).strip())
