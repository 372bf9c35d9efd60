"""`senoscope train`: training recipes."""

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from service.cli.options import console, examples
from service.errors import RefusedError

if TYPE_CHECKING:
    from engines.training.curves import Epoch
    from engines.training.journal import Entry
    from engines.training.loop import Plan

Shared = Annotated[Path, typer.Option(help="The shared data: mammo/ and natural/ are in there.")]
Out = Annotated[Path, typer.Option(help="Checkpoints, curves, figures and weights go there.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="As in the recipe unless given.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Batches in an epoch.")]
Seed = Annotated[int | None, typer.Option(help="Same seed, same threads: same weights.")]
Threads = Annotated[int, typer.Option(min=1)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")]

SHARED = Path("../shared/data")

app = typer.Typer(help="Train networks; needs the extra `train`.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train networks; needs the extra `train`."""


@app.command(
    epilog=examples("senoscope train fsrcnn", "senoscope train fsrcnn --out run2 --resume")
)
def fsrcnn(
    *,
    data: Annotated[
        Path, typer.Option(help="Images to train on in train/, to validate on in val/.")
    ] = Path("../shared/data/natural"),
    out: Annotated[
        Path, typer.Option(help="Checkpoints, curves and the trained weights go there.")
    ] = Path(".work/training/fsrcnn-x2"),
    epochs: Annotated[int, typer.Option(min=1)] = 100,
    steps: Annotated[int, typer.Option(min=1, help="Batches in an epoch.")] = 400,
    seed: Annotated[int, typer.Option(help="Same seed, same threads: same weights.")] = 20221123,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")] = False,
) -> None:
    """Train FSRCNN x2 as Honjo 2022 says: 2 x 2 binning, MSE, Adam, lowest validation loss kept."""
    try:
        from engines.training import fsrcnn as recipe  # noqa: PLC0415 - PyTorch is an extra
        from engines.training.outcome import write_outcome  # noqa: PLC0415
    except ImportError as error:
        raise RefusedError(f"training needs senoscope[train]: {error}") from error
    plan = recipe.Recipe(epochs=epochs, steps=steps, seed=seed, threads=threads)
    try:
        run = recipe.prepare(plan, data, out, resume=resume)
    except (FileExistsError, FileNotFoundError, ValueError) as error:
        raise RefusedError(str(error)) from error
    with _progress() as progress:
        task = progress.add_task("training", total=epochs, completed=len(run.history), psnr=0.0)

        def watch(epoch: "Epoch") -> None:
            progress.update(task, completed=epoch.number, psnr=epoch.psnr)

        run.run(out, watch)
    console.print(f"best weights: {write_outcome(out)}")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be other than in the recipe."""

    epochs: int | None
    steps: int | None
    seed: int | None
    threads: int

    def of(self, plan: "Plan") -> "Plan":
        """Return `plan` with it."""
        wished = {"epochs": self.epochs, "steps": self.steps, "seed": self.seed}
        given = {name: value for name, value in wished.items() if value is not None}
        return replace(plan, threads=self.threads, **given)


def _learn(recipe: str, data: Path, out: Path, wish: _Wish, *, resume: bool) -> None:
    """Train what the module `recipe` trains, and print the figures of the best epoch."""
    try:
        from engines.training import loop  # noqa: PLC0415 - PyTorch is an extra
        from engines.training.journal import best_of  # noqa: PLC0415

        module = importlib.import_module(f"engines.training.{recipe}")
    except ImportError as error:
        raise RefusedError(f"training needs senoscope[train]: {error}") from error
    plan = wish.of(module.PLAN)
    try:
        course = module.read(data)
        run = loop.prepare(course, plan, out, resume=resume)
    except (FileExistsError, FileNotFoundError, ValueError) as error:
        raise RefusedError(str(error)) from error
    with _progress("{task.fields[figure]}") as progress:
        done = len(run.history)
        task = progress.add_task("training", total=plan.epochs, completed=done, figure="")

        def watch(entry: "Entry") -> None:
            figure = f"validation {course.figure} {entry.figures[course.figure]:.4f}"
            progress.update(task, completed=entry.number, figure=figure)

        run.run(out, watch)
    best = best_of(run.history, course.figure)
    for name, value in best.figures.items():
        console.print(f"{name}: {value:.4f}")
    console.print(f"best weights, of epoch {best.number}: {loop.write_best(course, out)}")


def _progress(figure: str = "validation {task.fields[psnr]:.2f} dB") -> Progress:
    return Progress(
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("to go"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn(figure),
        console=console,
    )


def _register(name: str, recipe: str, said: str) -> None:
    """Give `app` the command that trains the network `name` by that recipe."""

    @app.command(name, help=said, epilog=examples(f"senoscope train {name} --threads 2"))
    def command(
        *,
        data: Shared = SHARED,
        out: Out = Path(f".work/training/{name}"),
        epochs: Epochs = None,
        steps: Steps = None,
        seed: Seed = None,
        threads: Threads = 1,
        resume: Resume = False,
    ) -> None:
        _learn(recipe, data, out, _Wish(epochs, steps, seed, threads), resume=resume)


for _name, _recipe, _said in (
    (
        "mass-detector",
        "detector",
        "Train the detector of masses: a U-Net on whole mammograms shrunk to one window.",
    ),
    ("mass-unet", "segmenter", "Train the U-Net that outlines a mass in its region."),
    (
        "mass-resnet",
        "classifier",
        "Train the residual network that tells benign from malignant masses.",
    ),
    ("edsr-small-x3", "enlarger", "Train a small EDSR x3 (Lim 2017) on natural images."),
):
    _register(_name, _recipe, _said)
