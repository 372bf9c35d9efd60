"""Curves for TensorBoard, where it is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.errors import RefusedError

if TYPE_CHECKING:
    from engines.training.journal import Entry

FOLDER = "tensorboard"


class Board:
    """Writes what each epoch came to below `tensorboard` in the folder of a run."""

    def __init__(self, run: Path) -> None:
        """Open the folder.

        Raises:
            RefusedError: TensorBoard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise RefusedError(f"--tensorboard needs senoscope[tensorboard]: {error}") from error
        self._writer: Any = SummaryWriter(run / FOLDER)

    def add(self, entry: "Entry") -> None:
        """Write one epoch."""
        sides = {"training": entry.training, "validation": entry.figures}
        for side, figures in sides.items():
            for name, value in figures.items():
                self._writer.add_scalar(f"{name}/{side}", value, entry.number)
        self._writer.flush()
