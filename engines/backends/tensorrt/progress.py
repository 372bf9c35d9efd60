"""How far a build has come, and how it is stopped."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def interrupts_noted(wishes: Wishes) -> Iterator[None]:
    """Take Ctrl-C as a wish meanwhile: nothing may be raised through TensorRT, which is native.

    Signals come to the main thread; a build in another has none to take.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(*_: object) -> None:
        wishes.is_interrupted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
