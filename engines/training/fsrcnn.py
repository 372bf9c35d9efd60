"""Training of FSRCNN x2 as Honjo 2022 says.

Natural images, low resolution by 2 x 2 binning, mean squared error, Adam, 100 epochs, the weights
of the lowest validation loss kept. Ours besides: the learning rate rises over the first epoch and
falls along a cosine, and what is validated and kept is the moving average of the weights.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engines.compile.subpixel import SubpixelFSRCNN
from engines.images import Grey, binned, even, image_files, read_luma
from engines.networks.fsrcnn import FSRCNN
from engines.training.checkpoint import LAST, Checkpoint
from engines.training.curves import CURVES, PICTURE, Epoch, draw_curves, write_curves
from engines.training.patches import Patches, batch_of, in_all_sizes
from engines.training.schedule import learning_rate

PARTS = ("train", "val")
"""Folders of the data."""

BORDER = 2
"""Outermost high-resolution pixels that no loss counts."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; the defaults made the weights that are shipped."""

    epochs: int = 100
    steps: int = 400
    batch: int = 16
    side: int = 48
    rate: float = 2e-3
    last_rate: float = 1e-6
    averaging: float = 0.999
    largest_gradient: float = 0.1
    seed: int = 20221123
    threads: int = 1


class Training:
    """A run that can be left after any epoch and taken up again with the same outcome."""

    def __init__(self, recipe: Recipe, patches: Patches, validation: Sequence[Grey]) -> None:
        torch.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.threads)
        self._recipe = recipe
        self._patches = patches
        self._validation = [even(image) for image in validation]
        self.network = FSRCNN().to(memory_format=torch.channels_last)
        self._form = SubpixelFSRCNN(self.network)
        self._average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging)
        )
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=recipe.rate)
        self.history: list[Epoch] = []

    def run(self, folder: Path, watch: Callable[[Epoch], None]) -> None:
        """Train to the last epoch, keeping checkpoints in `folder`; tell `watch` of each epoch."""
        while len(self.history) < self._recipe.epochs:
            epoch = self._run_epoch(len(self.history))
            best = epoch.validation < min(
                (past.validation for past in self.history), default=math.inf
            )
            self.history.append(epoch)
            self.checkpoint().save(folder, best=best)
            write_curves(folder / CURVES, self.history)
            watch(epoch)
        draw_curves(folder / PICTURE, self.history)

    def checkpoint(self) -> Checkpoint:
        """Return all that is needed to go on from here."""
        return Checkpoint(
            network=self.network.state_dict(),
            average=self._average.module.state_dict(),
            averaged=int(self._average.n_averaged),
            optimiser=self._optimiser.state_dict(),
            history=self.history,
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from there."""
        self.network.load_state_dict(checkpoint.network)
        self._average.module.load_state_dict(checkpoint.average)
        self._average.n_averaged.fill_(checkpoint.averaged)
        self._optimiser.load_state_dict(checkpoint.optimiser)
        self.history = list(checkpoint.history)

    def _run_epoch(self, number: int) -> Epoch:
        chance = np.random.default_rng((self._recipe.seed, number))
        first = number * self._recipe.steps
        losses = [self._step(first + step, chance) for step in range(self._recipe.steps)]
        validation, psnr = self._validate()
        return Epoch(number + 1, float(np.mean(losses)), validation, psnr)

    def _step(self, step: int, chance: np.random.Generator) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self._recipe, step)
        pair = self._patches.draw(self._recipe.batch, chance)
        answer = self._form(_channels_last(pair.low))
        loss = nn.functional.mse_loss(_inner(answer), _inner(_channels_last(pair.high)))
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self._recipe.largest_gradient)
        self._optimiser.step()
        self._average.update_parameters(self.network)
        return float(loss.detach())

    def _validate(self) -> tuple[float, float]:
        """Return the mean of the images' mean squared errors, and of their PSNR in dB."""
        form = SubpixelFSRCNN(self._average.module)
        with torch.inference_mode():
            errors = [squared_error(form, image) for image in self._validation]
        return float(np.mean(errors)), float(np.mean([-10 * math.log10(e) for e in errors]))


def prepare(recipe: Recipe, data: Path, folder: Path, *, resume: bool) -> Training:
    """Return a run on the images of `data`/train and `data`/val, new or as `folder` last kept it.

    Raises:
        FileNotFoundError: there are no images, or nothing to resume.
        FileExistsError: `folder` holds a run that is not to be resumed.
    """
    images = {part: [read_luma(path) for path in image_files(data / part)] for part in PARTS}
    for part, found in images.items():
        if not found:
            raise FileNotFoundError(f"no images in {data / part}")
    last = folder / LAST
    if last.exists() and not resume:
        raise FileExistsError(f"{folder} holds a run: resume it, or choose another folder")
    if resume and not last.exists():
        raise FileNotFoundError(f"nothing to resume in {folder}")
    training = Training(recipe, Patches(in_all_sizes(images["train"]), recipe.side), images["val"])
    if resume:
        training.resume(Checkpoint.load(last))
    return training


def squared_error(network: nn.Module, image: Grey) -> float:
    """Return the mean squared error on one image whose sides are even, in units of 0..1."""
    answer = network(_channels_last(batch_of([binned(image)])))
    wanted = torch.from_numpy(batch_of([image]))
    return float(nn.functional.mse_loss(_inner(answer.clamp(0, 1)), _inner(wanted)))


def _inner(batch: Tensor) -> Tensor:
    return batch[..., BORDER:-BORDER, BORDER:-BORDER]


def _channels_last(batch: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(batch).contiguous(memory_format=torch.channels_last)
