"""Training of any network: what is learned from comes from a course, how from a plan.

What is validated and kept is the moving average of the weights, and of the epochs the one whose
figure is highest.
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
from engines.evaluation.bootstrap import Interval
from engines.training.checkpoint import BEST, LAST, keep
from engines.training.journal import Entry, best_of, write_journal, write_tested
from engines.training.optimisers import optimiser
from engines.training.plan import Plan
from engines.training.schedule import learning_rate

WEIGHTS = "weights.onnx"


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What a batch came to: the loss to be lessened, and figures to be told."""

    loss: Tensor
    figures: Mapping[str, float] = field(default_factory=dict)


class Course(Protocol):
    """What a network learns from, and how it is judged."""

    @property
    def figure(self) -> str:
        """The name of the figure of which the highest is kept."""

    def network(self) -> nn.Module:
        """Return the network before it has learned."""

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return what `network` gets wrong of a batch that is drawn by `chance`."""

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return what `network` is worth on what is kept for validation."""

    def tested(self, network: nn.Module) -> Mapping[str, Interval]:
        """Return what `network` is worth on what chose nothing; empty where nothing is kept."""

    def finished(self, network: nn.Module) -> nn.Module:
        """Return of `network` what is to be used: without what it was only to learn by."""


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
        made = self.course.network().to(self.plan.device)
        self._network = made.to(memory_format=torch.channels_last)
        self._average = AveragedModel(
            self._network, multi_avg_fn=get_ema_multi_avg_fn(self.plan.averaging), use_buffers=True
        )
        self._optimiser = optimiser(self.plan, self._network.parameters())

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or no better figure has come for as long as is waited."""
        if len(self.history) >= self.plan.epochs:
            return True
        if not self.history or self.plan.patience is None:
            return False
        waited = len(self.history) - best_of(self.history, self.course.figure).number
        return waited >= self.plan.patience

    def run(self, folder: Path, watch: Callable[[Entry], None]) -> None:
        """Train to the last epoch, keeping checkpoints in `folder`; tell `watch` of each epoch."""
        name = self.course.figure
        while not self.is_over:
            entry = self._run_epoch(len(self.history))
            best = max((past.figures[name] for past in self.history), default=-math.inf)
            self.history.append(entry)
            keep(self._state(), folder, best=entry.figures[name] > best)
            write_journal(folder, self.history, name)
            watch(entry)

    def resume(self, path: Path) -> None:
        """Go on from the checkpoint in `path`."""
        kept = torch.load(path, weights_only=True, map_location=self.plan.device)
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
        steps = [self._step(first + step, chance) for step in range(self.plan.steps)]
        judged = self._average.module.eval()
        with torch.inference_mode(), self._precision():
            found = self.course.figures(judged)
        figures = {name: float(value) for name, value in found.items()}
        taught = {name: float(np.mean([one[name] for one in steps])) for name in steps[0]}
        return Entry(number + 1, taught, figures)

    def _step(self, step: int, chance: np.random.Generator) -> dict[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self.plan, step)
        with self._precision():
            taught = self.course.taught(self._network, chance)
        self._optimiser.zero_grad()
        taught.loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), self.plan.largest_gradient)
        self._optimiser.step()
        self._average.update_parameters(self._network)
        return {"loss": float(taught.loss.detach()), **taught.figures}

    def _precision(self) -> torch.autocast:
        kind, _, _ = self.plan.device.partition(":")
        return torch.autocast(kind, torch.bfloat16, enabled=self.plan.precision == "bf16")


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


def best_network(course: Course, folder: Path) -> nn.Module:
    """Return the network with the best weights of the run in `folder`."""
    average = AveragedModel(course.network())
    average.load_state_dict(
        torch.load(folder / BEST, weights_only=True, map_location="cpu")["average"]
    )
    made: nn.Module = average.module.eval()
    return made


def close(course: Course, folder: Path) -> Mapping[str, Interval]:
    """Write the best weights of a run as ONNX beside its checkpoints; return the test's figures."""
    network = best_network(course, folder)
    onnx.save_model(rewritten(course.finished(network)), folder / WEIGHTS)
    with torch.inference_mode():
        found = course.tested(network)
    write_tested(folder, found)
    return found
