"""The processes that a node keeps beside itself."""

import sys
from os import getpid
from pathlib import Path


def child(module: str, config: Path | None) -> list[str]:
    """Return the command that runs `module` by the same settings, to end with this process."""
    named = ["--config", str(config.resolve())] if config else []
    return [sys.executable, "-m", module, "--parent", str(getpid()), *named]
