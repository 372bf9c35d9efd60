"""`senoscope train`: recipes, from the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from service.cli.options import Json, console, examples, print_json
from service.errors import RefusedError, WrongUsageError

if TYPE_CHECKING:
    from engines.training.journal import Entry


class Preset(StrEnum):
    """Which of a recipe's two sets of hyper-parameters."""

    PAPER = "paper"
    BEST = "best"


Shared = Annotated[Path, typer.Option(help="The shared data: mammo/ and natural/ are in there.")]
Out = Annotated[
    Path | None, typer.Option(help="Checkpoints, curves, figures and weights go there.")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="As in the recipe unless given.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Batches in an epoch.")]
Seed = Annotated[int | None, typer.Option(help="Same seed, same threads: same weights.")]
Threads = Annotated[int, typer.Option(min=1)]
Device = Annotated[str, typer.Option(help="cpu, cuda or cuda:0.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last epoch.")]
Which = Annotated[Preset, typer.Option(help="The paper's hyper-parameters, or ours.")]
Own = Annotated[
    Path | None, typer.Option("--recipe", help="TOML with what is to be other than in the preset.")
]
Scale = Annotated[int, typer.Option(min=2, max=4, help="How many times to enlarge.")]
Init = Annotated[
    Path | None,
    typer.Option(help="Weights to start from: a checkpoint of a run, or torchvision's state_dict."),
]

SHARED = Path("../shared/data")

app = typer.Typer(help="Train networks; needs the extra `train`.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train networks; needs the extra `train`."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be trained, by what, and where."""

    network: str
    preset: str
    own: Path | None
    scale: int | None
    init: Path | None
    data: Path
    out: Path
    plan: Mapping[str, Any]
    resume: bool
    as_json: bool


def _learn(asked: _Asked) -> None:
    """Train what is asked for, and print the figures of the best epoch."""
    try:
        from engines.training import courses, loop, recipe  # noqa: PLC0415 - PyTorch is an extra
        from engines.training.journal import best_of  # noqa: PLC0415
    except ImportError as error:
        raise RefusedError(f"training needs senoscope[train]: {error}") from error
    try:
        changes = recipe.changes_in(asked.own) if asked.own else {}
        stated = recipe.recipe(asked.network, asked.preset, changes)
        plan = stated.plan.but(**asked.plan)
    except (ValueError, OSError) as error:
        raise WrongUsageError(str(error)) from error
    try:
        start = courses.Start(asked.network, asked.scale, asked.init)
        prepared = courses.prepare(start, stated, asked.data)
        run = loop.prepare(prepared.course, plan, asked.out, resume=asked.resume)
    except (OSError, ValueError) as error:
        raise RefusedError(str(error)) from error
    courses.note(prepared, stated, plan, asked.out)
    figure = prepared.course.figure
    with _progress() as progress:
        done = len(run.history)
        task = progress.add_task("training", total=plan.epochs, completed=done, figure="")

        def watch(entry: "Entry") -> None:
            said = f"validation {figure} {entry.figures[figure]:.4f}"
            progress.update(task, completed=entry.number, figure=said)
            if not console.is_terminal:
                console.print(f"epoch {entry.number} of {plan.epochs}: {_told(entry)}")

        run.run(asked.out, watch)
    best = best_of(run.history, figure)
    path = loop.write_best(prepared.course, asked.out)
    if asked.as_json:
        print_json({"epoch": best.number, "figures": best.figures, "weights": path})
        return
    for name, value in best.figures.items():
        console.print(f"{name}: {value:.4f}")
    console.print(f"best weights, of epoch {best.number}: {path}")


def _told(entry: "Entry") -> str:
    learned = [f"training {name} {value:.4f}" for name, value in entry.training.items()]
    held = [f"{name} {value:.4f}" for name, value in entry.figures.items()]
    return ", ".join(learned + held)


def _progress() -> Progress:
    return Progress(
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("to go"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[figure]}"),
        console=console,
        disable=not console.is_terminal,
    )


def _enlarging(name: str, said: str, scale: int) -> None:
    """Give `app` the command that trains a network that enlarges."""

    @app.command(
        name,
        help=said,
        epilog=examples(
            f"senoscope train {name} --scale {scale}",
            f"senoscope train {name} --preset paper --out run2",
            f"senoscope train {name} --scale 3 --init .work/training/{name}-x2/best.pt",
        ),
    )
    def command(
        *,
        scale: Scale = scale,
        preset: Which = Preset.BEST,
        recipe: Own = None,
        init: Init = None,
        data: Shared = SHARED,
        out: Out = None,
        resume: Resume = False,
        epochs: Epochs = None,
        steps: Steps = None,
        seed: Seed = None,
        threads: Threads = 1,
        device: Device = "cpu",
        as_json: Json = False,
    ) -> None:
        plan = {"epochs": epochs, "steps": steps, "seed": seed}
        plan |= {"threads": threads, "device": device}
        there = out or Path(f".work/training/{name}-x{scale}")
        _learn(_Asked(name, preset, recipe, scale, init, data, there, plan, resume, as_json))


for _name, _said, _scale in (
    ("fsrcnn", "Train FSRCNN (Dong 2016; Honjo 2022) to enlarge two, three or four times.", 2),
    ("edsr", "Train EDSR (Lim 2017; Jimenez-Gaona 2024) to enlarge.", 3),
    ("rdn", "Train RDN (Zhang 2018; Jimenez-Gaona 2024) to enlarge.", 4),
):
    _enlarging(_name, _said, _scale)
