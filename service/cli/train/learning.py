"""One training, from its recipe to its weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from service.cli.options import console, print_json
from service.cli.train.asked import Asked, prepared, stated
from service.cli.train.board import Board
from service.errors import RefusedError

if TYPE_CHECKING:
    from engines.training.journal import Entry
    from engines.training.loop import Run
    from engines.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to: the best epoch, its figures, those of the test, and the weights.

    `figure` is the one of the validation that chose the epoch.
    """

    epoch: int
    figure: str
    figures: Mapping[str, float]
    weights: Path


def learn(asked: Asked) -> None:
    """Train what is asked for, and print the figures of the best epoch."""
    found = trained(asked, stated(asked), resume=asked.resume)
    if asked.as_json:
        print_json(asdict(found))
        return
    for name, value in found.figures.items():
        console.print(f"{name}: {value:.4f}")
    console.print(f"best weights, of epoch {found.epoch}: {found.weights}")


def trained(asked: Asked, recipe: "Recipe[Any]", *, resume: bool) -> Outcome:
    """Train by `recipe`, and return what it came to.

    Raises:
        RefusedError: there is nothing to resume, or something that is not to be overwritten.
    """
    from engines.training import courses, loop  # noqa: PLC0415 - PyTorch is an extra
    from engines.training.journal import best_of  # noqa: PLC0415

    course = prepared(asked, recipe)
    try:
        run = loop.prepare(course.course, recipe.plan, asked.out, resume=resume)
    except (OSError, ValueError) as error:
        raise RefusedError(str(error)) from error
    noted = courses.Noted(
        network=asked.network,
        scale=asked.scale or 1,
        init=str(asked.init or ""),
    )
    courses.note(course, recipe, noted, asked.out)
    board = Board(asked.out) if asked.tensorboard else None
    _run(run, asked, board)
    best = best_of(run.history, course.course.figure)
    tested = loop.close(course.course, asked.out)
    figures = {**best.figures, **{f"test {name}": one.value for name, one in tested.items()}}
    return Outcome(best.number, course.course.figure, figures, asked.out / loop.WEIGHTS)


def _run(run: "Run", asked: Asked, board: Board | None) -> None:
    """Train to the end with a bar, or line by line where nobody looks."""
    with _progress(hidden=asked.as_json) as progress:
        done, epochs = len(run.history), run.plan.epochs
        task = progress.add_task("training", total=epochs, completed=done, figure="")

        def watch(entry: "Entry") -> None:
            figure = run.course.figure
            said = f"validation {figure} {entry.figures[figure]:.4f}"
            progress.update(task, completed=entry.number, figure=said)
            if board:
                board.add(entry)
            if not (console.is_terminal or asked.as_json):
                console.print(f"epoch {entry.number} of {epochs}: {_told(entry)}", soft_wrap=True)

        run.run(asked.out, watch)


def _told(entry: "Entry") -> str:
    learned = [f"training {name} {value:.4f}" for name, value in entry.training.items()]
    held = [f"{name} {value:.4f}" for name, value in entry.figures.items()]
    return ", ".join(learned + held)


def _progress(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("to go"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[figure]}"),
        console=console,
        disable=hidden or not console.is_terminal,
    )
