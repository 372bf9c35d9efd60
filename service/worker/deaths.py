"""How processes die, of what, and with whom."""

import ctypes
import os
import re
import signal
import traceback

PR_SET_PDEATHSIG = 1  # prctl(2)
FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
"""Who ends by one of these was ended by somebody; of any other he died by his own fault."""


def die_with(parent: int) -> None:
    """Let the kernel kill this process when `parent`, which started it, is no more."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def is_from_outside(death: str) -> bool:
    """Tell whether a process was killed by somebody, from Celery's words for its death."""
    found = re.search(r"signal (\d+)", death)
    return found is not None and int(found[1]) in FROM_OUTSIDE


def how_it_died(death: str) -> str:
    """Return the part of Celery's words that says how a process died."""
    found = re.search(r"signal \d+ \(\w+\)|exitcode -?\d+", death)
    return f"its process died: {found[0] if found else 'unknown'}"


def where(error: BaseException) -> str:
    """Return what kind of error it is and where it was raised; never its text: no patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    at = f" in {ours[-1].name}, line {ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{at}"
