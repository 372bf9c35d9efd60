"""A Compose file as Compose reads it: merges done, names of services, what each is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NODE = ("senoscope", "senoscope-gpu-worker")


@dataclass(frozen=True)
class Service:
    """One service of the file."""

    name: str
    told: Mapping[str, Any]

    @property
    def command(self) -> Sequence[str]:
        return self.told.get("command", ())

    @property
    def environment(self) -> Mapping[str, str]:
        return self.told.get("environment", {})

    @property
    def is_node(self) -> bool:
        """Whether it runs our image."""
        return bool(self.command) and self.command[0] in NODE

    @property
    def is_usual(self) -> bool:
        """Whether it is started without a profile being named."""
        return not self.told.get("profiles")

    @property
    def mounts(self) -> Sequence[tuple[str, str]]:
        """Return what is mounted where."""
        return [tuple(one.split(":")[:2]) for one in self.told.get("volumes", ())]


@dataclass(frozen=True)
class Composed:
    """The whole file."""

    path: Path
    told: Mapping[str, Any]

    @property
    def services(self) -> Mapping[str, Service]:
        return {name: Service(name, told) for name, told in self.told["services"].items()}

    @property
    def nodes(self) -> Mapping[str, Service]:
        """Return those of our image that are started without a profile."""
        return {n: one for n, one in self.services.items() if one.is_node and one.is_usual}


def composed(path: Path) -> Composed:
    """Return what that file says."""
    return Composed(path, yaml.safe_load(path.read_text()))
