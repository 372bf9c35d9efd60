"""Training of any network: what is learned from comes from a course, the rest is the same.

AdamW; the rate rises over the first epoch and falls along a cosine; what is validated and kept is
the moving average of the weights, and of the epochs the one whose figure is highest.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engines.compile.export import rewritten
from engines.training.checkpoint import BEST, LAST, keep
from engines.training.journal import Entry, write_journal
from engines.training.outcome import WEIGHTS
from engines.training.schedule import learning_rate


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to learn."""

    epochs: int
    steps: int
    rate: float
    last_rate: float = 1e-6
    decay: float = 1e-4
    averaging: float = 0.99
    largest_gradient: float = 1.0
    seed: int = 20240221
    threads: int = 1


class Course(Protocol):
    """What a network learns from, and how it is judged."""

    @property
    def figure(self) -> str:
        """The name of the figure of which the highest is kept."""

    def network(self) -> nn.Module:
        """Return the network before it has learned."""

    def loss(self, network: nn.Module, chance: np.random.Generator) -> Tensor:
        """Return what `network` gets wrong of a batch that is drawn by `chance`."""

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return what `network` is worth on what is kept for validation."""


@dataclass(slots=True)
class Run:
    """A training that can be left after any epoch and taken up again with the same outcome."""

    course: Course
    plan: Plan
    history: list[Entry] = field(default_factory=list)
    _network: nn.Module = field(init=False)
    _average: AveragedModel = field(init=False)
    _optimiser: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        torch.manual_seed(self.plan.seed)
        torch.set_num_threads(self.plan.threads)
        self._network = self.course.network().to(memory_format=torch.channels_last)
        self._average = AveragedModel(
            self._network, multi_avg_fn=get_ema_multi_avg_fn(self.plan.averaging), use_buffers=True
        )
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), lr=self.plan.rate, weight_decay=self.plan.decay
        )

    def run(self, folder: Path, watch: Callable[[Entry], None]) -> None:
        """Train to the last epoch, keeping checkpoints in `folder`; tell `watch` of each epoch."""
        while len(self.history) < self.plan.epochs:
            entry = self._run_epoch(len(self.history))
            name = self.course.figure
            best = max((past.figures[name] for past in self.history), default=-math.inf)
            self.history.append(entry)
            keep(self._state(), folder, best=entry.figures[name] > best)
            write_journal(folder, self.history, name)
            watch(entry)

    def resume(self, path: Path) -> None:
        """Go on from the checkpoint in `path`."""
        kept = torch.load(path, weights_only=True)
        self._network.load_state_dict(kept["network"])
        self._average.load_state_dict(kept["average"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self.history = [Entry(**entry) for entry in kept["history"]]

    def _state(self) -> Mapping[str, Any]:
        return {
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "history": [asdict(entry) for entry in self.history],
        }

    def _run_epoch(self, number: int) -> Entry:
        chance = np.random.default_rng((self.plan.seed, number))
        torch.manual_seed(self.plan.seed + number)
        self._network.train()
        first = number * self.plan.steps
        losses = [self._step(first + step, chance) for step in range(self.plan.steps)]
        judged = self._average.module.eval()
        with torch.inference_mode():
            found = self.course.figures(judged)
        figures = {name: float(value) for name, value in found.items()}
        return Entry(number + 1, float(np.mean(losses)), figures)

    def _step(self, step: int, chance: np.random.Generator) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self.plan, step)
        loss = self.course.loss(self._network, chance)
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), self.plan.largest_gradient)
        self._optimiser.step()
        self._average.update_parameters(self._network)
        return float(loss.detach())


def prepare(course: Course, plan: Plan, folder: Path, *, resume: bool) -> Run:
    """Return a run of `course`, new or as `folder` last kept it.

    Raises:
        FileNotFoundError: there is nothing to resume.
        FileExistsError: `folder` holds a run that is not to be resumed.
    """
    last = folder / LAST
    if last.exists() and not resume:
        raise FileExistsError(f"{folder} holds a run: resume it, or choose another folder")
    if resume and not last.exists():
        raise FileNotFoundError(f"nothing to resume in {folder}")
    run = Run(course, plan)
    if resume:
        run.resume(last)
    return run


def write_best(course: Course, folder: Path) -> Path:
    """Write the best weights of a run as ONNX beside its checkpoints and return where."""
    network = AveragedModel(course.network())
    network.load_state_dict(torch.load(folder / BEST, weights_only=True)["average"])
    onnx.save_model(rewritten(network.module), folder / WEIGHTS)
    return folder / WEIGHTS
