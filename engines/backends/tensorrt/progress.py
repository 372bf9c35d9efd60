"""How far a build has come, and how it is stopped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from engines.engine import UnusableError

if TYPE_CHECKING:
    import tensorrt

Progress = Callable[[str, int, int], bool]
"""Told the phase, which of its steps is done, counted from 1, and of how many.

It answers whether to go on. TensorRT may call it from threads of its own; it must not raise, but
that KeyboardInterrupt stops the build.
"""


class CancelledError(UnusableError):
    """The build was stopped, as was wished."""


@dataclass(slots=True)
class Wishes:
    """Whether the build was wished to end, and how."""

    progress: Progress
    steps: dict[str, int] = field(default_factory=dict)
    is_cancelled: bool = False
    is_interrupted: bool = False

    def goes_on(self, phase: str, step: int) -> bool:
        """Tell of a step that was done, the first being 0, and return whether to go on."""
        try:
            self.is_cancelled |= not self.progress(phase, step + 1, self.steps.get(phase, 0))
        except KeyboardInterrupt:
            self.is_interrupted = True
        return not (self.is_cancelled or self.is_interrupted)

    def interrupt(self) -> None:
        """Wish the build to end, as Ctrl-C does."""
        self.is_interrupted = True

    def insist(self) -> None:
        """Let the wish be heard beyond TensorRT, through which nothing is raised.

        Raises:
            KeyboardInterrupt: so the build ended.
            CancelledError: `progress` said no.
        """
        if self.is_interrupted:
            raise KeyboardInterrupt
        if self.is_cancelled:
            raise CancelledError("the build was cancelled")


def go_on(phase: str, step: int, of: int) -> bool:
    """Let a build go on, and tell nobody."""
    del phase, step, of
    return True


def monitor(trt: ModuleType, wishes: Wishes) -> "tensorrt.IProgressMonitor":
    """Return what TensorRT tells of its phases, and asks whether to go on."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc,name-defined] # imported late
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            del parent
            wishes.steps[phase] = steps

        def step_complete(self, phase: str, step: int) -> bool:
            return wishes.goes_on(phase, step)

        def phase_finish(self, phase: str) -> None:
            wishes.steps.pop(phase, None)

    return Monitor()
