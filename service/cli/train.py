"""`senoscope train`: training recipes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from service.cli.options import console, examples
from service.errors import RefusedError

if TYPE_CHECKING:
    from engines.training.curves import Epoch

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


def _progress() -> Progress:
    return Progress(
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("to go"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("validation {task.fields[psnr]:.2f} dB"),
        console=console,
    )
